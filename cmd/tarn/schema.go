package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/load"
	"github.com/tarn-lake/tarn/schemas"
	"github.com/tarn-lake/tarn/schemas/check"
)

type schemaCheckCmd struct {
	Dir     string `arg:"" optional:"" help:"A folder of dataset files; else --schemas; else the built-in ones."`
	Against string `help:"The last released dataset files: changes that break what is stored or asked are refused." placeholder:"DIR"`
}

// Run checks the files, and exits with 3 where there is a fault.
func (c *schemaCheckCmd) Run(e *environment) error {
	dir := c.Dir
	if dir == "" {
		s, err := e.settings()
		if err != nil {
			return err
		}
		dir = s.Schemas
	}
	registry, fsys, err := e.registry(dir)
	if err == nil {
		err = check.Registry(registry, fsys)
	}
	if err != nil {
		e.out.fail(err)
		return &finding{"the dataset files have faults"}
	}
	if c.Against != "" {
		return c.compare(e, registry)
	}
	names := []string{}
	for _, d := range registry.Datasets() {
		names = append(names, d.Name)
	}
	return e.out.result(map[string]any{"datasets": names, "faults": []string{}}, func(w io.Writer) {
		fmt.Fprintf(w, "no fault in %s\n", strings.Join(names, ", "))
	})
}

// compare prints how the files differ from the released ones, what is refused last, and exits with 3 where something is.
func (c *schemaCheckCmd) compare(e *environment, now *schemas.Registry) error {
	released, _, err := e.registry(c.Against)
	if err != nil {
		return fmt.Errorf("the released files in %s: %w", c.Against, err)
	}
	changes := schemas.CompareReleases(released, now)
	slices.SortStableFunc(changes, func(a, b schemas.Change) int { return rank(a) - rank(b) })
	refused := 0
	for _, change := range changes {
		refused += rank(change)
	}
	if changes == nil {
		changes = []schemas.Change{}
	}
	err = e.out.result(map[string]any{"changes": changes, "refused": refused}, func(w io.Writer) {
		for _, change := range changes {
			fmt.Fprintf(w, "%s  %s\n", []string{"safe   ", "refused"}[rank(change)], change)
		}
		fmt.Fprintf(w, "%d changes, %d of them refused\n", len(changes), refused)
	})
	if err == nil && refused > 0 {
		return &finding{fmt.Sprintf("%d changes are not safe: what is stored or asked today would break", refused)}
	}
	return err
}

// rank is 1 for what is refused.
func rank(c schemas.Change) int {
	if c.Safe {
		return 0
	}
	return 1
}

type schemaInferCmd struct {
	File   string `arg:"" help:"A file of rows."`
	Name   string `help:"The dataset's name; else the file's."`
	Format string `help:"csv, jsonl, dynamodb or parquet; told from the file unless given."`
	Rows   int    `help:"Rows to look at." default:"10000"`
}

// Run prints a draft.
func (c *schemaInferCmd) Run(e *environment) error {
	if c.Rows < 1 {
		return fault.Wrap(fault.Invalid, errUsage, "--rows %d: a draft is made of at least one row", c.Rows)
	}
	columns, err := load.Sample(c.File, c.Format, c.Rows)
	if err != nil {
		return err
	}
	name := c.Name
	if name == "" {
		name = schemas.DatasetName(strings.SplitN(filepath.Base(c.File), ".", 2)[0])
	}
	draft := schemas.Infer(name, columns)
	return e.out.result(map[string]any{"dataset": name, "yaml": string(draft)}, func(w io.Writer) { _, _ = w.Write(draft) })
}

type schemaAdoptCmd struct {
	Field   string `arg:"" help:"A field that the dataset declares now."`
	Dataset string `required:"" help:"The dataset."`
}

// Run moves the values, and exits with 3 where some of them are of another type.
func (c *schemaAdoptCmd) Run(ctx context.Context, e *environment) error {
	var done compact.Adopted
	if err := e.do(ctx, "schema.adopt", node.AdoptArgs{Dataset: c.Dataset, Field: c.Field}, &done); err != nil {
		return err
	}
	err := e.out.result(done, func(w io.Writer) {
		fmt.Fprintf(w, "%d rows of the history and of current state, in %d files, have %s in its own column now\n", done.Rows, done.Files, c.Field)
	})
	if err == nil && done.Unfit > 0 {
		return &finding{fmt.Sprintf("%d rows of the history and of current state have a %s of another type than the schema says; it stays in _extra", done.Unfit, c.Field)}
	}
	return err
}
