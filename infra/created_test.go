//go:build integration

package main_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/integration"
)

// created is what moto made of the templates.
type created struct {
	Created   map[string]int
	Functions map[string]map[string]string // settings by the function's name in the template
	Tables    map[string]struct {
		Stream       string
		Indexes, Key []string
	}
	Mappings []struct {
		EventSourceArn, FunctionArn, State string
		BatchSize                          int
	}
}

// moto creates what it can of the sandbox, and every function can load the settings that it is then given.
func TestMotoCreatesTheTemplates(t *testing.T) {
	program, err := os.ReadFile("testdata/create.py")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := integration.Glue(t)
	var c created
	out := integration.Python(t, string(program), nil, endpoint, mustWorld(t).assemblies["sandbox"].Folder, integration.Region)
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for kind, want := range map[string]int{"AWS::DynamoDB::Table": 3, "AWS::SQS::Queue": 2, "AWS::KMS::Key": 1, "AWS::SNS::Topic": 1, "AWS::S3::Bucket": 6, "AWS::Lambda::Function": 5,
		"AWS::Lambda::EventSourceMapping": 3} {
		if c.Created[kind] != want {
			t.Errorf("%d of %s were created, want %d", c.Created[kind], kind, want)
		}
	}
	loaders := map[string]func(*testing.T, map[string]string){
		"Api": loads[config.API], "Processor": loads[config.Processor], "Committer": loads[config.Committer], "Maintenance": loads[config.Maintenance], "Query": loads[config.Query],
	}
	for id, settings := range c.Functions {
		loaders[id[:len(id)-8]](t, settings)
	}
	c.connected(t)
	total := 0
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(c.Created)) {
		total += c.Created[kind]
		kinds = append(kinds, fmt.Sprintf("%d %s", c.Created[kind], strings.TrimPrefix(kind, "AWS::")))
	}
	t.Logf("SUMMARY %d resources created from the templates: %s", total, strings.Join(kinds, ", "))
}

// settings are those of the function whose name in the template begins so.
func (c created) settings(name string) map[string]string {
	for id, s := range c.Functions {
		if strings.HasPrefix(id, name) {
			return s
		}
	}
	return nil
}

// connected checks that streams lead to the processor, the queue to the committer, and that the processor is told the
// very tables whose streams it gets.
func (c created) connected(t *testing.T) {
	t.Helper()
	var told config.Names
	if err := told.UnmarshalText([]byte(c.settings("Processor")["TARN_TABLES"])); err != nil {
		t.Fatal(err)
	}
	for name, table := range told {
		if c.Tables[table].Stream == "" {
			t.Errorf("the processor is told that %s is %s, which has no stream", name, table)
		}
	}
	streams, queue := 0, c.settings("Committer")["TARN_QUEUE"]
	for _, m := range c.Mappings {
		function, source := m.FunctionArn, m.EventSourceArn
		if strings.Contains(source, ":dynamodb:") {
			streams++
			table, _, _ := strings.Cut(source[strings.Index(source, ":table/")+len(":table/"):], "/stream/")
			if !strings.Contains(function, "-Processor") || c.Tables[table].Stream != source {
				t.Errorf("%s leads to %s", source, function)
			}
		} else if !strings.Contains(function, "-Committer") || !strings.HasSuffix(source, queue[strings.LastIndexByte(queue, '/')+1:]) {
			t.Errorf("%s leads to %s", source, function)
		}
	}
	if streams != len(told) || streams == 0 {
		t.Errorf("%d streams are mapped, and the processor is told of %d tables", streams, len(told))
	}
}
