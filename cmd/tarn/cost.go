package main

import (
	"fmt"
	"io"

	"github.com/tarn-lake/tarn/internal/cost"
)

type costCmd struct {
	ChangesPerMonth float64            `default:"100000000" help:"Changes that the tables' streams deliver in a month." placeholder:"N"`
	RecordBytes     float64            `default:"1600" help:"Bytes of a change as a stream delivers it, with both images." placeholder:"B"`
	Viewers         float64            `default:"25" help:"People who look at dashboards." placeholder:"V"`
	Assume          map[string]float64 `help:"Put another value in the place of an assumption; --json lists them all." placeholder:"NAME=VALUE"`
}

// Run prints the bills.
func (c *costCmd) Run(env *environment) error {
	compared, err := cost.Compare(cost.Load{Changes: c.ChangesPerMonth, RecordBytes: c.RecordBytes, Viewers: c.Viewers}, c.Assume)
	if err != nil {
		return err
	}
	return env.out.result(compared, func(w io.Writer) { fmt.Fprint(w, compared.Text()) })
}
