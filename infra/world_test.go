package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/jsii-runtime-go"

	"github.com/tarn-lake/tarn/infra/internal/deploy"
)

// folderKey names the folder of this run.
const folderKey = "TARN_INFRA_TEST_FOLDER"

// environments are those that have a file in the repository, and one of another kind: its own folder of dataset files, a
// question function that may read one dataset, a certificate of its own, in CloudFront's own region.
var environments = []string{"sandbox", "test", "prod", other}

const other = "other"

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "infra")
	if err == nil {
		err = os.Setenv(folderKey, folder)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	jsii.Close()
	os.RemoveAll(folder)
	os.Exit(code)
}

// world is one synthesis of every environment, which all tests share. The library's runtime is one process that takes one
// call at a time, so no test here is parallel.
type world struct {
	assemblies map[string]deploy.Assembly
	took       map[string]time.Duration
}

var synthesised = sync.OnceValues(func() (*world, error) {
	folder := os.Getenv(folderKey)
	w := &world{assemblies: map[string]deploy.Assembly{}, took: map[string]time.Duration{}}
	for _, name := range environments {
		env, err := read(name)
		if err != nil {
			return nil, err
		}
		begin := time.Now()
		if w.assemblies[name], err = synth(folder, env); err != nil {
			return nil, err
		}
		w.took[name] = time.Since(begin)
	}
	return w, nil
})

func read(name string) (deploy.Environment, error) {
	if name != other {
		return deploy.Read(os.DirFS("environments"), name)
	}
	env, err := deploy.Read(os.DirFS("environments"), "sandbox")
	env.Name, env.Region, env.Account = other, "us-east-1", "333333333333"
	env.Schemas, env.Domains = "schemas", []string{"movement-pass"}
	env.Query.Datasets = []string{"passes"}
	env.Host = &deploy.Host{Name: "lake.example.org", Zone: "example.org", ZoneID: "Z1", SendMail: true,
		Certificate: "arn:aws:acm:us-east-1:333333333333:certificate/00000000-0000-0000-0000-000000000000"}
	return env, errors.Join(err, env.Check())
}

// synth writes the templates of an environment. A file stands for each compiled function.
func synth(folder string, env deploy.Environment) (a deploy.Assembly, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("synthesis of %s: %v", env.Name, r)
		}
	}()
	stubs, err := deploy.Placeholders()
	if err != nil {
		return a, err
	}
	defer os.RemoveAll(stubs)
	app, err := deploy.Open("..", filepath.Join(folder, env.Name))
	if err != nil {
		return a, err
	}
	root, err := filepath.Abs("..")
	if err != nil {
		return a, err
	}
	return deploy.Synth(app, env, deploy.Sources{Root: root, Functions: stubs, Work: filepath.Join(folder, "packages")})
}

func mustWorld(t *testing.T) *world {
	t.Helper()
	w, err := synthesised()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// resource is one resource and where it stands.
type resource struct {
	env, stack, id string
	deploy.Resource
}

func (r resource) String() string {
	return fmt.Sprintf("%s/%s (%s)", r.stack, r.id, strings.TrimPrefix(r.Type, "AWS::"))
}

// of returns the resources of a type in an environment; of every type where none is named.
func (w *world) of(env, kind string) []resource {
	var all []resource
	for _, s := range w.assemblies[env].Stacks {
		for id, r := range s.Template.Resources {
			if kind == "" || r.Type == kind {
				all = append(all, resource{env, s.Name, id, r})
			}
		}
	}
	return all
}

// text returns a value of a template as JSON, in which names can be sought.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// each runs a test for every environment.
func each(t *testing.T, test func(t *testing.T, w *world, env string)) {
	t.Helper()
	w := mustWorld(t)
	for _, env := range environments {
		t.Run(env, func(t *testing.T) { test(t, w, env) })
	}
}
