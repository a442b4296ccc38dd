package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/tarn-lake/tarn/processors/load"
	"github.com/tarn-lake/tarn/schemas"
	"github.com/tarn-lake/tarn/schemas/check"
)

type schemaCheckCmd struct {
	Dir string `arg:"" optional:"" help:"A folder of dataset files; else --schemas; else the built-in ones."`
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
	names := []string{}
	for _, d := range registry.Datasets() {
		names = append(names, d.Name)
	}
	return e.out.result(map[string]any{"datasets": names, "faults": []string{}}, func(w io.Writer) {
		fmt.Fprintf(w, "no fault in %s\n", strings.Join(names, ", "))
	})
}

type schemaInferCmd struct {
	File string `arg:"" help:"A file of rows."`
	Name string `help:"The dataset's name; else the file's."`
	Rows int    `help:"Rows to look at." default:"10000"`
}

// Run prints a draft.
func (c *schemaInferCmd) Run(e *environment) error {
	columns, err := load.Sample(c.File, c.Rows)
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
