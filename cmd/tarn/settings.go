package main

import (
	"fmt"
	"io"

	"github.com/tarn-lake/tarn/internal/config"
)

type settingsCmd struct{}

// program is a binary and its settings.
type program struct {
	Program  string           `json:"program"`
	Does     string           `json:"does"`
	Settings []config.Setting `json:"settings"`
}

// Run prints the settings as Markdown, a table for each binary.
func (settingsCmd) Run(e *environment) error {
	all := []program{
		{"tarn", "Everything on one machine. Flags of the same meaning win.", config.Describe[config.Up]()},
		{"api-lambda", "Takes records over HTTP.", config.Describe[config.API]()},
		{"processor-lambda", "Lands what the tables' streams deliver.", config.Describe[config.Processor]()},
		{"committer-lambda", "Commits what has landed.", config.Describe[config.Committer]()},
		{"maintenance-lambda", "Keeps the lake's tables in shape.", config.Describe[config.Maintenance]()},
		{"query-lambda", "Answers questions and serves the console.", config.Describe[config.Query]()},
	}
	return e.out.result(all, func(w io.Writer) {
		for i, p := range all {
			if i > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintf(w, "## %s\n\n%s\n\n%s", p.Program, p.Does, config.Reference(p.Settings))
		}
	})
}
