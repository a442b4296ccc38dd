// Package deploy is what runs on AWS: one stack a stage, one file a stack, for one environment. Building it is a pure
// function of the environment's file, the dataset files and the compiled functions; it touches no network.
package deploy

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// Sources is where what is deployed lies on this machine.
type Sources struct {
	Root      string // of the repository
	Functions string // folder of the compiled functions: <name>/bootstrap
	Work      string // a folder in which packages are put together
}

// site is what every stage is told.
type site struct {
	app  awscdk.App
	env  Environment
	data Data
	src  Sources
	net  *network // nil: none
	all  []awscdk.Stack
}

// Stacks is every stack of an environment, in the order in which they were built.
type Stacks []awscdk.Stack

// Build adds the stacks of the environment to the app.
func Build(app awscdk.App, env Environment, data Data, src Sources) (Stacks, error) {
	s := &site{app: app, env: env, data: data, src: src}
	if err := s.complete(); err != nil {
		return nil, err
	}
	base := newConfiguration(s)
	edge := newEdge(s)
	store := newDatabase(s, base)
	lake := newLake(s, base)
	s.net = newNetwork(s, base)
	line := newProcessors(s, base, store, lake)
	people := newIdentity(s)
	console := newConsole(s, base, edge, people)
	records := newIngest(s, base, store, lake, people, console)
	newQuery(s, base, lake, people, console)
	newObservability(s, base, lake, line, console)
	newBackup(s, base, store, lake, records)
	newPipeline(s, base)
	return s.all, nil
}

// functions are the folders of the compiled functions.
var functions = [...]string{"api", "processor", "committer", "maintenance", "query"}

// complete reports every function that was not compiled.
func (s *site) complete() error {
	for _, name := range functions {
		file := filepath.Join(s.src.Functions, name, "bootstrap")
		if _, err := os.Stat(file); err != nil {
			return fmt.Errorf("the function %s is not compiled (%s is missing): run make functions first", name, file)
		}
	}
	return nil
}

// stack returns a new stack for a stage.
func (s *site) stack(stage, what string) awscdk.Stack { return s.stackIn(stage, what, s.env.Region) }

func (s *site) stackIn(stage, what, region string) awscdk.Stack {
	account := s.env.Account
	if account == "" {
		account = os.Getenv("CDK_DEFAULT_ACCOUNT") // the tool sets it to the account of whoever deploys
	}
	env := &awscdk.Environment{Region: jsii.String(region)}
	if account != "" {
		env.Account = jsii.String(account)
	}
	stack := awscdk.NewStack(s.app, jsii.String(s.name(stage)), &awscdk.StackProps{
		Description: jsii.String("Tarn, " + s.env.Name + ": " + what), Env: env, AnalyticsReporting: jsii.Bool(false),
		TerminationProtection: jsii.Bool(s.env.Keep), CrossRegionReferences: jsii.Bool(region != s.env.Region || stage == consoleStage),
	})
	awscdk.Tags_Of(stack).Add(jsii.String("tarn:environment"), jsii.String(s.env.Name), nil)
	s.all = append(s.all, stack)
	return stack
}

// name is the name of something that people look for by name.
func (s *site) name(what string) string { return "tarn-" + s.env.Name + "-" + what }

// removal is what becomes of data when its stack goes.
func (s *site) removal() awscdk.RemovalPolicy {
	if s.env.Keep {
		return awscdk.RemovalPolicy_RETAIN
	}
	return awscdk.RemovalPolicy_DESTROY
}

// arn is the name of a resource in the stack's account and region.
func arn(stack awscdk.Stack, service, resource string) *string {
	return stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String(service), Resource: jsii.String(resource), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME})
}

func seconds(n int) awscdk.Duration { return awscdk.Duration_Seconds(jsii.Number(n)) }

func days(n int) awscdk.Duration { return awscdk.Duration_Days(jsii.Number(n)) }

// pack returns the folder that becomes a function's package: the program, and beside it the dataset files where they are
// others than those that come with it.
func (s *site) pack(name string) (string, error) {
	compiled := filepath.Join(s.src.Functions, name)
	if s.data.Files == nil {
		return compiled, nil
	}
	folder := filepath.Join(s.src.Work, s.env.Name, name)
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	if err := os.CopyFS(folder, os.DirFS(compiled)); err != nil {
		return "", err
	}
	return folder, copyFiles(filepath.Join(folder, schemaFolder), s.data.Files)
}

// consoleStage is the stack of the console, which refers to another region.
const consoleStage = "console"

// schemaFolder is where a function finds dataset files in its package.
const schemaFolder = "schemas"

func copyFiles(to string, files fs.FS) error {
	return fs.WalkDir(files, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, filepath.FromSlash(path))
		if e.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		body, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, body, 0o644)
	})
}
