// Command tarn runs a data lake over a CRUD API on one machine, and is every tool for looking after it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/tarn-lake/tarn/internal/fault"
)

// version is set when the binary is linked.
var version = "dev"

// Exit codes, for scripts.
const (
	exitOK      = 0
	exitFailed  = 1 // it could not be done
	exitUsage   = 2 // the command line is wrong
	exitFinding = 3 // it was done, and there is something to look at: bad rows, differences, faults in a schema
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once, which everything here survives
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run parses the command line, runs the command and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) (code int) {
	var c cli
	exited := false
	parser, err := kong.New(&c,
		kong.Name("tarn"),
		kong.Description("A data lake over your CRUD API: every change is a row, and every number says how fresh it is."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(n int) { exited, code = true, n }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"version": version},
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		fmt.Fprintln(stderr, "tarn:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if exited {
		return code // help was asked for
	}
	if err != nil {
		complain(newOutput(stdout, stderr, slices.Contains(args, "--json")), err)
		return exitUsage
	}
	env := &environment{getenv: getenv, out: newOutput(stdout, stderr, c.JSON), globals: c.globals}
	err = parsed.Run(env)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errInterrupted
	}
	return finish(err, env.out)
}

// complain says what is wrong with the command line.
func complain(out *output, err error) {
	if out.fail(fault.New(fault.Invalid, "%v", err)); !out.json {
		out.note("Run `tarn --help` for the commands.")
	}
}

// finish prints an error and returns the exit code that stands for it.
func finish(err error, out *output) int {
	var found *finding
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &found):
		out.note(found.Error())
		return exitFinding
	}
	out.fail(err)
	if fault.Is(err, fault.Invalid) && errors.Is(err, errUsage) {
		return exitUsage
	}
	return exitFailed
}

var errUsage = errors.New("see `tarn --help`")

var errInterrupted = errors.New("interrupted: the same command may be given again, and does nothing twice")

// finding is the error of a command that worked and found something to look at.
type finding struct{ text string }

func (f *finding) Error() string { return f.text }
