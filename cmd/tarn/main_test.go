package main // main has no package that a test could import

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs tarn in this process, as the scripts say.
func TestScripts(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("EXAMPLES", examples)
			e.Setenv("TARN_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("TARN_RESERVE_MB", "1")
			e.Setenv("TARN_QUERY_MEMORY_MB", "64")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"tarn": tarn, "code": code},
	})
}

// tarn runs a command that must end well.
func tarn(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("say with which code it ends: code N tarn …")
	}
	want(ts, exitOK, args)
}

// code runs a command that must end with a certain exit code: code 3 tarn load …
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || args[1] != "tarn" {
		ts.Fatalf("usage: code N tarn [arguments]")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	want(ts, n, args[2:])
}

func want(ts *testscript.TestScript, code int, args []string) {
	args = append([]string(nil), args...)
	for i, arg := range args { // this process is not in the script's folder
		if _, err := os.Stat(ts.MkAbs(arg)); err == nil && arg != "" {
			args[i] = ts.MkAbs(arg)
		}
	}
	if got := run(context.Background(), args, ts.Getenv, ts.Stdout(), ts.Stderr()); got != code {
		ts.Fatalf("tarn ended with %d, want %d", got, code)
	}
}
