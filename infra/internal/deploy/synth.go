package deploy

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"github.com/tarn-lake/tarn/schemas"
)

// Open begins an app with the flags of cdk.json, which decide what templates look like. An empty out leaves it to the
// tool, or to a temporary folder.
func Open(root, out string) (awscdk.App, error) {
	text, err := os.ReadFile(filepath.Join(root, "cdk.json"))
	if err != nil {
		return nil, fmt.Errorf("read the flags: %w (run it in the repository's root)", err)
	}
	var file struct {
		Context map[string]any `json:"context"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read the flags of cdk.json: %w", err)
	}
	props := &awscdk.AppProps{Context: &file.Context, AnalyticsReporting: jsii.Bool(false), TreeMetadata: jsii.Bool(false)}
	if out != "" {
		props.Outdir = jsii.String(out)
	}
	return awscdk.NewApp(props), nil
}

// Synth writes the templates of the environment and what cdk-nag finds in them.
func Synth(app awscdk.App, env Environment, src Sources) (Assembly, error) {
	var files fs.FS = schemas.Embedded()
	if env.Schemas != "" {
		files = os.DirFS(filepath.Join(src.Root, env.Schemas))
	}
	data, err := Choose(env, files)
	if err != nil {
		return Assembly{}, err
	}
	stacks, err := Build(app, env, data, src)
	if err != nil {
		return Assembly{}, err
	}
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{
		Reports: jsii.Bool(true), ReportFormats: &[]cdknag.NagReportFormat{cdknag.NagReportFormat_JSON}, Verbose: jsii.Bool(true)}), nil)
	return read(*app.Synth(nil).Directory(), stacks)
}
