package fast

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/tarn-lake/tarn/internal/fault"
)

// within is how far two runs may differ in what they measured for a target.
const within = 0.15

// Agreement is how what was measured for a target stands to what another run measured.
type Agreement struct {
	What      string  `json:"what"`
	Then      float64 `json:"then"`
	Now       float64 `json:"now"`
	Deviation float64 `json:"deviation"` // of now from then: 0.1 is a tenth more
	Within    bool    `json:"within"`    // 15 %
}

// ReadReport reads what a run wrote as JSON.
func ReadReport(r io.Reader) (Report, error) {
	var report Report
	if err := json.NewDecoder(r).Decode(&report); err != nil {
		return report, fault.Wrap(fault.Invalid, err, "this is no report of the benchmark; write one with --json")
	}
	if len(report.Targets) == 0 {
		return report, fault.New(fault.Invalid, "the report has no targets; write one with `tarn bench --json`")
	}
	return report, nil
}

// Against compares the targets that both runs have; what they do not have is left out, and allocations, which are counted.
func (r Report) Against(then Report) []Agreement {
	was := map[string]float64{}
	for _, t := range then.Targets {
		was[t.What] = t.Value
	}
	var all []Agreement
	for _, t := range r.Targets {
		before := was[t.What]
		if before <= 0 || t.Value <= 0 {
			continue
		}
		d := t.Value/before - 1
		all = append(all, Agreement{What: t.What, Then: before, Now: t.Value, Deviation: d, Within: math.Abs(d) <= within})
	}
	return all
}

// printAgreements writes how this run stands to the other.
func printAgreements(w io.Writer, all []Agreement) {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(tw, "target\tthen\tnow\tdeviation\twithin %.0f %%\n", 100*within)
	for _, a := range all {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%+.1f %%\t%s\n", a.What, round(a.Then), round(a.Now), 100*a.Deviation, yes(a.Within))
	}
	_ = tw.Flush() // a closed pipe needs no complaint
}
