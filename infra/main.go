// Command infra is the CDK app: what Tarn is on AWS, for one environment. The CDK's own tool runs it (cdk.json);
// `go run ./infra` alone writes the templates too.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/tarn-lake/tarn/infra/internal/deploy"
)

func main() {
	err := run(os.Stderr)
	jsii.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, "infra:", err)
		os.Exit(1)
	}
}

// run writes the templates of the environment that the context names: cdk deploy -c env=test. Where none is named it is
// the sandbox. A finding of cdk-nag without a reason is an error.
func run(log io.Writer) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	app, err := deploy.Open(root, "")
	if err != nil {
		return err
	}
	env, err := deploy.Read(os.DirFS(filepath.Join(root, "infra", "environments")), context(app, "env", "sandbox"))
	if err != nil {
		return err
	}
	env.Mail = context(app, "mail", env.Mail)
	a, err := deploy.Synth(app, env, deploy.Sources{
		Root: root, Functions: filepath.Join(root, context(app, "functions", "build/functions")), Work: filepath.Join(root, "build", "packages"),
	})
	if err != nil {
		return err
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
