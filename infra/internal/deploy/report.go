package deploy

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Report writes the stacks with their size, their resources, and what cdk-nag says of them.
func (a Assembly) Report(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "stack\tbytes\tresources\tchecks\twith a reason\topen\t")
	var bytes, resources, checks, reasons, open int
	for _, s := range a.Stacks {
		suppressed, failed := 0, len(Assembly{Stacks: []Written{s}}.Open())
		for _, f := range s.Checked {
			if f.Verdict == "Suppressed" {
				suppressed++
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t\n", s.Name, s.Bytes, len(s.Template.Resources), len(s.Checked), suppressed, failed)
		bytes, resources, checks, reasons, open = bytes+s.Bytes, resources+len(s.Template.Resources), checks+len(s.Checked), reasons+suppressed, open+failed
	}
	fmt.Fprintf(w, "all\t%d\t%d\t%d\t%d\t%d\t\n", bytes, resources, checks, reasons, open)
	if err := w.Flush(); err != nil {
		return err
	}
	return a.kinds(out)
}

// kinds writes how many resources of each kind there are.
func (a Assembly) kinds(out io.Writer) error {
	count := map[string]int{}
	for _, s := range a.Stacks {
		for _, r := range s.Template.Resources {
			count[strings.TrimPrefix(r.Type, "AWS::")]++
		}
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, fmt.Sprintf("%d %s", count[kind], kind))
	}
	_, err := fmt.Fprintf(out, "%s\n", strings.Join(parts, ", "))
	return err
}

// Reasons writes every rule that does not hold, and why, one line for each reason.
func (a Assembly) Reasons(out io.Writer) error {
	where := map[string][]string{}
	for _, s := range a.Stacks {
		for _, f := range s.Checked {
			if f.Verdict == "Suppressed" {
				line := f.Rule + ": " + f.Reason
				where[line] = append(where[line], strings.TrimSuffix(f.Resource, "/Resource"))
			}
		}
	}
	for _, line := range slices.Sorted(maps.Keys(where)) {
		if _, err := fmt.Fprintf(out, "%s\n    %s\n", line, strings.Join(where[line], ", ")); err != nil {
			return err
		}
	}
	return nil
}
