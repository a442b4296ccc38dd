package main_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tarn-lake/tarn/infra/internal/deploy"
	"github.com/tarn-lake/tarn/schemas"
)

// changed is the sandbox's file with members changed, under the name "bad".
func changed(t *testing.T, name string, members map[string]any) fstest.MapFS {
	t.Helper()
	body, err := os.ReadFile("environments/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	file := map[string]any{}
	if err := json.Unmarshal(body, &file); err != nil {
		t.Fatal(err)
	}
	maps.Copy(file, members)
	return fstest.MapFS{"bad.json": {Data: []byte(text(file))}, "sandbox.json": {Data: body}}
}

func TestBadEnvironmentsAreRefused(t *testing.T) {
	host := func(pairs ...string) map[string]any {
		h := map[string]any{"name": "lake.example.org"}
		for i := 0; i < len(pairs); i += 2 {
			h[pairs[i]] = pairs[i+1]
		}
		return map[string]any{"host": h}
	}
	connection := "arn:aws:codeconnections:eu-west-1:222222222222:connection/0"
	for _, c := range []struct {
		name    string
		members map[string]any
		want    string
	}{
		{"a member that there is not", map[string]any{"mistyped": 1}, `unknown field "mistyped"`},
		{"an account", map[string]any{"account": "12"}, `account "12" is not twelve digits`},
		{"a region", map[string]any{"region": "Ireland"}, `region "Ireland" is no region of AWS`},
		{"a profile", map[string]any{"profile": "loose"}, `profile "loose" is neither lenient nor strict`},
		{"nobody to tell", map[string]any{"mail": ""}, "alarms must reach somebody"},
		{"a window", map[string]any{"capture": map[string]any{"seconds": 301, "memoryMB": 512}}, "capture.seconds is 301: it must be from 1 to 300"},
		{"an alarm that always rings", map[string]any{"commit": map[string]any{"seconds": 60, "memoryMB": 1024, "dataAge": 300, "heartbeat": 3}}, "up to 310 s old on a good day"},
		{"no heartbeats", map[string]any{"commit": map[string]any{"seconds": 30, "memoryMB": 1024, "dataAge": 300}}, "commit.heartbeat is 0: it must be from 1 to 60"},
		{"no certificate", host(), "there is no certificate for lake.example.org"},
		{"a certificate elsewhere", host("certificate", "arn:aws:acm:eu-west-1:1:certificate/0"), "is not in us-east-1, where CloudFront looks for certificates"},
		{"half a zone", host("zone", "example.org"), "host.zone and host.zoneId belong together"},
		{"another zone", host("zone", "example.com", "zoneId", "Z1"), "host.name lake.example.org does not lie in the zone example.com"},
		{"an address", map[string]any{"host": map[string]any{"name": "10.0.0.1"}}, "is no name such as lake.example.org"},
		{"a pipeline without a connection", map[string]any{"pipeline": map[string]any{"repository": "a/b", "branch": "main", "test": "sandbox"}}, "pipeline needs repository"},
		{"a pipeline to nowhere", map[string]any{"pipeline": map[string]any{"repository": "a/b", "branch": "main", "test": "sandbox", "connection": connection}}, "account is missing"},
		{"a pipeline through itself", map[string]any{"account": "222222222222", "pipeline": map[string]any{"repository": "a/b", "branch": "main", "test": "bad", "connection": connection}},
			"must name another environment"},
		{"a pipeline through nothing", map[string]any{"account": "222222222222", "pipeline": map[string]any{"repository": "a/b", "branch": "main", "test": "gone", "connection": connection}},
			`environment "gone" has no file`},
		{"a pipeline through an unknown account", map[string]any{"account": "222222222222", "pipeline": map[string]any{"repository": "a/b", "branch": "main", "test": "sandbox", "connection": connection}},
			"environment sandbox: account is missing: the pipeline of bad must know where it deploys to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := deploy.Read(changed(t, "sandbox", c.members), "bad"); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant …%s…", err, c.want)
			}
		})
	}
	for name, want := range map[string]string{"nowhere": "choose one of bad, sandbox with -c env=NAME", "My Env": "a name has 2 to 12 small letters and digits"} {
		if _, err := deploy.Read(changed(t, "sandbox", nil), name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want …%s…", name, err, want)
		}
	}
}

func TestEveryFaultOfAnEnvironmentIsNamed(t *testing.T) {
	_, err := deploy.Read(changed(t, "sandbox", map[string]any{"region": "x", "mail": "", "monthlyDollars": 0, "host": map[string]any{"name": "lake.example.org"}}), "bad")
	for _, want := range []string{"region", "mail", "monthlyDollars", "certificate"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

// dataset is the file of a dataset with a table of its own.
func dataset(name, more string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(fmt.Sprintf(`name: %[1]s
title: Things
description: Things that there are.
zone: UTC
key: {partition: id}
fields:
  - {name: id, type: string, required: true}
region: {from: constant, value: all}
date: {from: change}
%[2]s
`, name, more))}
}

func TestDatasetsThatCannotBeDeployedAreRefused(t *testing.T) {
	sandbox, err := read("sandbox")
	if err != nil {
		t.Fatal(err)
	}
	many := strings.Builder{}
	many.WriteString("id,area\n")
	for i := range 20 {
		fmt.Fprintf(&many, "%d,area%02d\n", i, i)
	}
	areas := strings.Replace(string(dataset("things", "stream: t\ntable: t").Data), "region: {from: constant, value: all}", "region: {from: field, field: id, lookup: areas, column: area}", 1)
	for _, c := range []struct {
		name   string
		files  fs.FS
		change func(*deploy.Environment)
		want   string
	}{
		{"an unknown domain", schemas.Embedded(), func(e *deploy.Environment) { e.Domains = []string{"ferries"} }, `there is no domain "ferries"; the schema folder has movement-pass`},
		{"an unknown dataset", schemas.Embedded(), func(e *deploy.Environment) { e.Query.Datasets = []string{"ferries"} }, `there is no dataset "ferries"; there are applicants, passes`},
		{"one table for two", fstest.MapFS{"d/a.yaml": dataset("a", "stream: a\ntable: t"), "d/b.yaml": dataset("b", "stream: b\ntable: t")}, nil,
			"datasets a and b have the same table t, and nothing tells their records apart"},
		{"Tarn's own table", fstest.MapFS{"d/a.yaml": dataset("a", "stream: t\ntable: tarn_idempotency")}, nil, "is Tarn's own"},
		{"too many regions", fstest.MapFS{"d/things.yaml": {Data: []byte(areas)}, "d/codes/areas.csv": {Data: []byte(many.String())}}, nil, "there are 20 regions, more than 16"},
		{"a file with a fault", fstest.MapFS{"d/a.yaml": {Data: []byte("name: a\n")}}, nil, "d/a.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := sandbox
			if c.change != nil {
				c.change(&env)
			}
			if _, err := deploy.Choose(env, c.files); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant …%s…", err, c.want)
			}
		})
	}
}

func TestFunctionsMustBeCompiled(t *testing.T) {
	env, err := read("sandbox")
	if err != nil {
		t.Fatal(err)
	}
	app, err := deploy.Open("..", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	_, err = deploy.Synth(app, env, deploy.Sources{Root: "..", Functions: t.TempDir(), Work: t.TempDir()})
	if want := "the function api is not compiled"; err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "make functions") {
		t.Errorf("got %v, want …%s…", err, want)
	}
}
