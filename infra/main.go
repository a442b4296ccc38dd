// Command infra is the CDK app: what Tarn is on AWS, for one environment. The CDK's own tool runs it (cdk.json). With
// -report it says how large the templates are and what cdk-nag says of them; with -picture it draws them.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/tarn-lake/tarn/infra/internal/deploy"
)

func main() {
	err := run(os.Args[1:], os.Stdout, os.Stderr)
	jsii.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, "infra:", err)
		os.Exit(1)
	}
}

// run writes the templates of the environment that the context names: cdk deploy -c env=test. Where none is named it is
// the sandbox. A finding of cdk-nag without a reason is an error.
func run(args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("infra", flag.ContinueOnError)
	name := flags.String("env", "sandbox", "the environment, where the context names none")
	report := flags.Bool("report", false, "say how large the templates are, what cdk-nag says of them, and how long it took")
	draw := flags.Bool("picture", false, "draw the templates as a Mermaid diagram")
	if err := flags.Parse(args); err != nil {
		return err
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	begin := time.Now()
	app, err := deploy.Open(root, "")
	if err != nil {
		return err
	}
	env, err := deploy.Read(os.DirFS(filepath.Join(root, "infra", "environments")), context(app, "env", *name))
	if err != nil {
		return err
	}
	env.Mail = context(app, "mail", env.Mail)
	src := deploy.Sources{Root: root, Functions: filepath.Join(root, context(app, "functions", "build/functions")), Work: filepath.Join(root, "build", "packages")}
	if *report || *draw { // what the templates say does not hang on what the functions do
		if src.Functions, err = deploy.Placeholders(); err != nil {
			return err
		}
		defer os.RemoveAll(src.Functions)
	}
	a, err := deploy.Synth(app, env, src)
	if err != nil {
		return err
	}
	return tell(a, *report, *draw, time.Since(begin), out, log)
}

func tell(a deploy.Assembly, report, draw bool, took time.Duration, out, log io.Writer) error {
	if draw {
		fmt.Fprint(out, a.Picture())
	}
	if report {
		if err := a.Report(out); err != nil {
			return err
		}
		fmt.Fprintf(out, "synthesised in %.1f s\n\n", took.Seconds())
		if err := a.Reasons(out); err != nil {
			return err
		}
	}
	for _, f := range a.Open() {
		fmt.Fprintln(log, "infra:", f)
	}
	if n := len(a.Open()); n > 0 {
		return fmt.Errorf("%d findings of cdk-nag have no reason", n)
	}
	return nil
}

// context returns a value of the context, as -c NAME=VALUE gives it.
func context(app awscdk.App, name, otherwise string) string {
	if text, ok := app.Node().TryGetContext(jsii.String(name)).(string); ok {
		return text
	}
	return otherwise
}
