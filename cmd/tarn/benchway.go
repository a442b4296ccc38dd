package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/tarn-lake/tarn/internal/bench"
)

type benchWayCmd struct {
	Quick   bool          `help:"The main figures in under a minute."`
	For     time.Duration `help:"Length of a run." default:"5s"`
	Clients int           `help:"Clients of the store and the API." default:"64"`
	Flights string        `help:"A Parquet file of flights to load (examples/flights)."`
}

// Run measures store, API and the way to an answer, and prints a table.
func (c *benchWayCmd) Run(ctx context.Context, e *environment) error {
	s, err := e.settings()
	if err != nil {
		return err
	}
	if c.Flights != "" && s.Schemas == "" {
		s.Schemas = "examples/flights"
	}
	length := c.For
	if c.Quick {
		length = min(length, 3*time.Second)
	}
	report, err := bench.Run(ctx, bench.Options{Folder: os.TempDir(), For: length, Clients: c.Clients, Quick: c.Quick, Flights: c.Flights, Schemas: s.Schemas, Tell: e.out.tell})
	if err != nil {
		return err
	}
	return e.out.result(report, func(w io.Writer) {
		m := report.Machine
		fmt.Fprintf(w, "%d CPUs, %s, fdatasync p50 %.2f ms, load %s\n\n", m.CPUs, m.Go, m.SyncMedian, m.Load)
		tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
		fmt.Fprintln(tw, "what\tfigure\tunit\ttarget\tnote")
		for _, r := range report.Results {
			fmt.Fprintf(tw, "%s\t%.1f\t%s\t%s\t%s\n", r.Name, r.Value, r.Unit, r.Target, r.Note)
		}
		_ = tw.Flush() // a closed pipe needs no complaint
	})
}
