//go:build integration

package endtoend_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

// tool runs one of the binary's tools on a folder and returns its exit code and what it printed.
func tool(tb testing.TB, data string, args ...string) (code int, stdout, stderr string) {
	tb.Helper()
	return setup{data: data}.tool(tb, args...)
}

// tool runs one of the binary's tools as the process is started.
func (s setup) tool(tb testing.TB, args ...string) (code int, stdout, stderr string) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), os.Getenv(binaryKey), append(args, "--data", s.data)...)
	var out, words bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = append(plainEnviron(), s.env...), &out, &words
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		tb.Fatalf("tarn %v: %v", args, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), words.String()
}

// verdict is what `tarn verify` says of one dataset.
type verdict struct {
	Dataset                            string
	Store, Lake, History               int64
	Missing, Extra, Different, Doubled int64
}

// verify compares lake and store with the tool and fails the test on any difference.
func verify(tb testing.TB, data string) []verdict {
	tb.Helper()
	code, stdout, stderr := tool(tb, data, "verify", "--json")
	var all []verdict
	if err := json.Unmarshal([]byte(stdout), &all); err != nil {
		tb.Fatalf("tarn verify ended with %d: %s%s", code, stdout, stderr)
	}
	for _, v := range all {
		if v.Missing+v.Extra+v.Different+v.Doubled != 0 {
			tb.Errorf("tarn verify: %+v\n%s", v, stdout)
		}
	}
	if code != 0 || len(all) != 2 {
		tb.Errorf("tarn verify ended with %d and %d datasets: %s", code, len(all), stderr)
	}
	return all
}

// tableStatus is what `tarn status` says of one table.
type tableStatus struct {
	Name             string
	Rows             int64
	Files, Snapshots int
	Bytes, Commit    int64
}

func status(tb testing.TB, data string) map[string]tableStatus {
	tb.Helper()
	code, stdout, stderr := tool(tb, data, "status", "--json")
	var s struct{ Tables []tableStatus }
	if err := json.Unmarshal([]byte(stdout), &s); err != nil || code != 0 {
		tb.Fatalf("tarn status ended with %d: %s%s", code, stdout, stderr)
	}
	tables := map[string]tableStatus{}
	for _, t := range s.Tables {
		tables[t.Name] = t
	}
	return tables
}
