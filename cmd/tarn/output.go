package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
)

// output is where a command's results and its progress go: results to standard output, all else to standard error.
type output struct {
	stdout, stderr io.Writer
	json           bool
	terminal       bool
	bar            *progressbar.ProgressBar
	what           string
	said           time.Time
}

func newOutput(stdout, stderr io.Writer, asJSON bool) *output {
	o := &output{stdout: stdout, stderr: stderr, json: asJSON}
	if f, ok := stderr.(*os.File); ok {
		info, err := f.Stat()
		o.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return o
}

// result prints v as one JSON document, or lets human print it.
func (o *output) result(v any, human func(w io.Writer)) error {
	o.finishBar()
	if !o.json {
		human(o.stdout)
		return nil
	}
	enc := json.NewEncoder(o.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func (o *output) note(text string) {
	o.finishBar()
	fmt.Fprintln(o.stderr, text)
}

func (o *output) fail(err error) {
	o.finishBar()
	if o.json {
		fields := append([]fault.Field{}, fieldsOf(err)...)
		_ = json.NewEncoder(o.stderr).Encode(map[string]any{"error": err.Error(), "kind": fault.Of(err).String(), "fields": fields})
		return
	}
	fmt.Fprintln(o.stderr, "tarn:", err)
	for _, f := range fieldsOf(err) {
		if strings.Contains(err.Error(), f.Message) {
			continue // said already
		}
		fmt.Fprintf(o.stderr, "  %s: %s\n", f.Name, f.Message)
	}
}

// fieldsOf returns the fields that an error names, however often it has been wrapped.
func fieldsOf(err error) []fault.Field {
	for {
		var e *fault.Error
		if !errors.As(err, &e) {
			return nil
		}
		if len(e.Fields) > 0 {
			return e.Fields
		}
		err = errors.Unwrap(e)
	}
}

// quietFor is how long plain progress lines are apart.
const quietFor = 2 * time.Second

// tell shows a step: as a bar on a terminal, elsewhere as a plain line now and then.
func (o *output) tell(s node.Step) {
	if !o.terminal {
		if s.What != o.what || time.Since(o.said) > quietFor {
			o.what, o.said = s.What, time.Now()
			fmt.Fprintln(o.stderr, plain(s))
		}
		return
	}
	if s.What != o.what {
		o.finishBar()
		o.what = s.What
		total := s.Total
		if total == 0 {
			total = -1
		}
		o.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(o.stderr), progressbar.OptionSetDescription(s.What),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	_ = o.bar.Set64(s.Done) // a terminal that cannot be written to shows no bar
}

func (o *output) finishBar() {
	if o.bar != nil {
		_ = o.bar.Finish()
		o.bar, o.what = nil, ""
	}
}

func plain(s node.Step) string {
	if s.Total > 0 {
		return fmt.Sprintf("%s: %d of %d", s.What, s.Done, s.Total)
	}
	if s.Done == 0 {
		return s.What
	}
	return fmt.Sprintf("%s: %d", s.What, s.Done)
}
