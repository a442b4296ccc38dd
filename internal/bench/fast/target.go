package fast

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Target is a line of what the fast path is to hold.
type Target struct {
	What       string  `json:"what"`
	Floor      string  `json:"floor"`
	Goal       string  `json:"goal,omitempty"`
	Measured   string  `json:"measured"`
	Value      float64 `json:"value,omitempty"` // the figure in Measured, for comparisons of runs; 0: none
	FloorHolds bool    `json:"floorHolds"`
	GoalHolds  bool    `json:"goalHolds"`
}

func (b *bench) target(t Target) { b.report.Targets = append(b.report.Targets, t) }

// atLeast is a target for a ratio that is to be high.
func (b *bench) atLeast(what string, r Ratio, floor, goal float64) {
	b.target(Target{
		What: what, Floor: fmt.Sprintf("%g×", floor), Goal: fmt.Sprintf("%g×", goal), Measured: r.String(), Value: r.Median, FloorHolds: r.Median >= floor, GoalHolds: r.Median >= goal,
	})
}

// atMost is a target for a ratio that is to be low.
func (b *bench) atMost(what string, r Ratio, floor, goal float64) {
	b.target(Target{
		What: what, Floor: fmt.Sprintf("≤ %g×", floor), Goal: fmt.Sprintf("≤ %g×", goal), Measured: r.String(), Value: r.Median, FloorHolds: r.Median <= floor, GoalHolds: r.Median <= goal,
	})
}

// Print writes the figures and then the targets for people.
func (r Report) Print(w io.Writer) {
	fmt.Fprintf(w, "%d CPUs, %s, load %s; medians of %d rounds of processor time, least and most in brackets\n\n", r.CPUs, r.Go, r.Load, r.Rounds)
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "section\twhat\tfigure\tunit\tleast–most\tratio to ours")
	for _, f := range r.Figures {
		ratio := ""
		if f.Ratio != nil {
			ratio = f.Ratio.String()
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s–%s\t%s\n", f.Section, f.Name, round(f.Median), f.Unit, round(f.Min), round(f.Max), ratio)
	}
	_ = tw.Flush() // a closed pipe needs no complaint
	fmt.Fprintln(w)
	tw = tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "target\tfloor\tgoal\tmeasured\tfloor holds\tgoal holds")
	for _, t := range r.Targets {
		goal := yes(t.GoalHolds)
		if t.Goal == "" {
			goal = "–"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", t.What, t.Floor, t.Goal, t.Measured, yes(t.FloorHolds), goal)
	}
	_ = tw.Flush()
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
	if len(r.Agreements) > 0 {
		fmt.Fprintln(w)
		printAgreements(w, r.Agreements)
	}
	if r.Launch != nil {
		fmt.Fprintln(w)
		r.Launch.Print(w)
	}
}

func yes(ok bool) string {
	if ok {
		return "yes"
	}
	return "NO"
}

// round prints a figure with as many digits as mean something.
func round(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
