package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

type sqlCmd struct {
	Text  string `arg:"" help:"One SELECT over <dataset>, <dataset>_changes, quarantine and lookup_<codes>."`
	Limit int    `help:"Rows at most; 0: 10,000." default:"0"`
	CSV   bool   `help:"Print CSV."`
}

// Run answers the question.
func (c *sqlCmd) Run(ctx context.Context, e *environment) error {
	if c.Limit < 0 {
		return negative("--limit", c.Limit)
	}
	var t node.Table
	if err := e.do(ctx, "sql", node.SQLArgs{SQL: c.Text, Limit: c.Limit, CSV: c.CSV}, &t); err != nil {
		return err
	}
	return e.print(t)
}

type queryCmd struct {
	Metric  string            `arg:"" help:"The metric, as the dataset's metric file names it."`
	Measure []string          `help:"Measures; none means all that go together."`
	By      []string          `help:"Dimensions to split by."`
	Where   map[string]string `help:"Keep rows whose dimension has the value (dimension=value;…)."`
	From    string            `help:"First day (2026-11-20) or instant (RFC 3339)."`
	To      string            `help:"Day or instant after the last."`
	Range   string            `help:"A span told from now, such as today, last-7d or all."`
	Grain   string            `help:"minute, hour, day, week or month."`
	Compare bool              `help:"Beside the period before."`
	Limit   int               `help:"Rows at most."`
	CSV     bool              `help:"Print CSV."`
}

// Run answers the metric.
func (c *queryCmd) Run(ctx context.Context, e *environment) error {
	q := plan.Query{Metric: c.Metric, Measures: c.Measure, Dimensions: c.By, Grain: c.Grain, Limit: c.Limit,
		Range: plan.Range{From: c.From, To: c.To, Name: c.Range}}
	for name, value := range c.Where {
		q.Filters = append(q.Filters, schemas.Filter{Dimension: name, Values: strings.Split(value, ",")})
	}
	if c.Compare {
		q.Compare = "previous"
	}
	var t node.Table
	if err := e.do(ctx, "metric", node.MetricArgs{Query: q, CSV: c.CSV}, &t); err != nil {
		return err
	}
	return e.print(t)
}

// answer is what is printed of an answer of the query API.
type answer struct {
	Columns []struct {
		Name  string `json:"name"`
		Title string `json:"title"`
	} `json:"columns"`
	Rows [][]any `json:"rows"`
	Meta struct {
		CompleteTo string `json:"completeTo"`
		HeldBack   int64  `json:"heldBack"`
		Truncated  bool   `json:"truncated"`
	} `json:"meta"`
}

func (e *environment) print(t node.Table) error {
	if t.CSV != "" {
		_, err := io.WriteString(e.out.stdout, t.CSV)
		return err
	}
	var a answer
	dec := json.NewDecoder(strings.NewReader(string(t.JSON)))
	dec.UseNumber()
	if err := dec.Decode(&a); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return e.out.result(t.JSON, func(w io.Writer) { a.write(w); a.footnote(e.out.stderr) })
}

func (a *answer) write(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for i, c := range a.Columns {
		if i > 0 {
			fmt.Fprint(tw, "\t")
		}
		fmt.Fprint(tw, c.Name)
	}
	fmt.Fprintln(tw)
	for _, row := range a.Rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(tw, "\t")
			}
			if cell != nil {
				fmt.Fprint(tw, cell)
			}
		}
		fmt.Fprintln(tw)
	}
	_ = tw.Flush() // a closed pipe needs no complaint
}

func (a *answer) footnote(w io.Writer) {
	if a.Meta.CompleteTo != "" {
		fmt.Fprintf(w, "-- %d rows; data complete to %s", len(a.Rows), a.Meta.CompleteTo)
	} else {
		fmt.Fprintf(w, "-- %d rows", len(a.Rows))
	}
	if a.Meta.HeldBack > 0 {
		fmt.Fprintf(w, "; %d rows held back in quarantine", a.Meta.HeldBack)
	}
	if a.Meta.Truncated {
		fmt.Fprint(w, "; there are more: raise --limit")
	}
	fmt.Fprintln(w)
}
