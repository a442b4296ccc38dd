package main_test

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the picture anew")

const pictureFile = "../docs/aws-picture.md"

// The picture of docs/ is the one that the templates of prod draw: go test ./infra -run Picture -update writes it.
func TestPictureIsCurrent(t *testing.T) {
	w := mustWorld(t)
	want := "# What runs on AWS\n\nDrawn from the templates of the environment `prod`; `go test ./infra -run Picture -update` draws it anew.\n\n```mermaid\n" + w.assemblies["prod"].Picture() + "```\n"
	if *update {
		if err := os.WriteFile(pictureFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(pictureFile)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the templates draw (%v): go test ./infra -run Picture -update", pictureFile, err)
	}
	for _, line := range []string{ // the way of a change
		"console_Front -->|asks| console_Door", "console_Door -->|calls| ingest_Api", "ingest_Api -->|reads, writes| database_MovementPassPassesV1",
		"database_MovementPassPassesV1 -->|wakes| processors_Processor", "processors_Processor -->|writes| lake_Lake", "lake_Lake -->|tells| lake_Wake",
		"lake_Wake -->|wakes| processors_Committer", "processors_Committer -->|reads, writes| lake_Database", "query_Query -->|asks| lake_Dashboards", "console_Door -->|calls| query_Query",
		"certificates_Firewall -->|guards| console_Front", "identity_People -->|guards| console_Door",
	} {
		if !strings.Contains(want, "\n  "+line+"\n") {
			t.Errorf("the picture lacks: %s", line)
		}
	}
}

// Every alarm has a paragraph that says what to do, and no paragraph is about an alarm that there is not.
func TestEveryAlarmHasAParagraph(t *testing.T) {
	book, err := os.ReadFile("../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	var paragraphs []string
	for _, m := range regexp.MustCompile(`(?m)^### ([a-z-]+)$`).FindAllStringSubmatch(string(book), -1) {
		paragraphs = append(paragraphs, m[1])
	}
	w := mustWorld(t)
	rings := map[string]bool{"budget": true, "cost-anomaly": true}
	for _, env := range environments {
		for _, a := range w.of(env, "AWS::CloudWatch::Alarm") {
			name, _, _ := strings.Cut(strings.TrimPrefix(a.Properties["AlarmName"].(string), "tarn-"+env+"-"), ":")
			rings[name] = true
			if text(a.Properties["AlarmActions"]) == "null" {
				t.Errorf("%s tells nobody", a)
			}
			if !strings.HasSuffix(a.Properties["AlarmDescription"].(string), "docs/runbook.md#"+name) {
				t.Errorf("%s does not say where to look: %s", a, a.Properties["AlarmDescription"])
			}
		}
	}
	for name := range rings {
		if !slices.Contains(paragraphs, name) {
			t.Errorf("docs/runbook.md has no paragraph ### %s", name)
		}
	}
	for _, name := range paragraphs {
		if !rings[name] {
			t.Errorf("docs/runbook.md has a paragraph %s, which nothing rings for", name)
		}
	}
}

// The tasks that schedules call for are those that the maintenance function knows.
func TestScheduledTasksAreKnown(t *testing.T) {
	code, err := os.ReadFile("../cmd/maintenance-lambda/handler.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(code), "var tasks = ")
	table, _, end := strings.Cut(table, "\n}\n")
	var known []string
	for _, m := range regexp.MustCompile(`(?m)^\t"([a-z]+)":`).FindAllStringSubmatch(table, -1) {
		known = append(known, m[1])
	}
	if !ok || !end || len(known) < 3 {
		t.Fatalf("the tasks were not found: %v", known)
	}
	each(t, func(t *testing.T, w *world, env string) {
		var called []string
		for _, s := range w.of(env, "AWS::Scheduler::Schedule") {
			target := s.Properties["Target"].(map[string]any)
			if task, ok := strings.CutPrefix(target["Input"].(string), `{"task":"`); ok {
				called = append(called, strings.TrimSuffix(task, `"}`))
			}
			if text(target["DeadLetterConfig"]) == "null" {
				t.Errorf("%s loses what it cannot deliver", s)
			}
		}
		for _, task := range known {
			if !slices.Contains(called, task) {
				t.Errorf("no schedule calls for %s", task)
			}
		}
		for _, task := range called {
			if !slices.Contains(known, task) {
				t.Errorf("a schedule calls for %s, which the function does not know", task)
			}
		}
	})
}
