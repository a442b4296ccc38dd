package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/load"
)

type loadCmd struct {
	File    string `arg:"" help:"The file: .csv, .jsonl, .json, .ndjson (each may be .gz) or .parquet."`
	Dataset string `required:"" help:"The dataset it is loaded into."`
	Format  string `help:"csv, jsonl, dynamodb or parquet; told from the file unless given."`
}

// Run loads the file, and exits with 3 where rows went to quarantine.
func (c *loadCmd) Run(ctx context.Context, e *environment) error {
	path, err := filepath.Abs(c.File)
	if err != nil {
		return fmt.Errorf("find %s: %w", c.File, err)
	}
	var r load.Report
	if err := e.do(ctx, "load", node.LoadArgs{Path: path, Dataset: c.Dataset, Format: c.Format}, &r); err != nil {
		return err
	}
	if err := e.out.result(r, func(w io.Writer) { writeLoad(w, r) }); err != nil {
		return err
	}
	if r.Bad > 0 {
		return &finding{fmt.Sprintf("%d rows went to quarantine: `tarn quarantine list` names them", r.Bad)}
	}
	return nil
}

func writeLoad(w io.Writer, r load.Report) {
	fmt.Fprintf(w, "%s (%s): %d rows; %d loaded, %d were there already, %d bad\n", r.File, r.Format, r.Rows, r.Loaded, r.Before, r.Bad)
	for _, b := range r.First {
		where := ""
		if b.Line > 0 {
			where = fmt.Sprintf("line %d: ", b.Line)
		}
		fmt.Fprintf(w, "  %s%s\n", where, b.Reason)
	}
	if len(r.Unknown) > 0 {
		fmt.Fprintf(w, "  not in the schema, kept in _extra: %s\n", strings.Join(r.Unknown, ", "))
	}
}
