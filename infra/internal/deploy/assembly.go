package deploy

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Assembly is what a synthesis wrote: the templates, and what cdk-nag says of them.
type Assembly struct {
	Folder string
	Stacks []Written
}

// Written is one stack of an assembly.
type Written struct {
	Name     string
	Stage    string // the name without the environment
	File     string
	Bytes    int
	Template Template
	Checked  []Finding
}

// Template is a template of CloudFormation.
type Template struct {
	Description string
	Resources   map[string]Resource
	Outputs     map[string]any
}

// Resource is one resource of a template.
type Resource struct {
	Type           string
	Properties     map[string]any
	Metadata       map[string]any
	DeletionPolicy string
	DependsOn      any
}

// Finding is what a rule of cdk-nag says of a resource.
type Finding struct {
	Rule     string `json:"ruleId"`
	Resource string `json:"resourceId"`
	Verdict  string `json:"compliance"` // Compliant, Non-Compliant, Suppressed
	Reason   string `json:"exceptionReason"`
	Level    string `json:"ruleLevel"`
	Info     string `json:"ruleInfo"`
}

func read(folder string, stacks Stacks) (Assembly, error) {
	a := Assembly{Folder: folder}
	for _, s := range stacks {
		w := Written{Name: *s.StackName(), File: filepath.Join(folder, *s.TemplateFile())}
		w.Stage = w.Name[strings.LastIndexByte(w.Name, '-')+1:]
		text, err := os.ReadFile(w.File)
		if err != nil {
			return a, fmt.Errorf("read the template of %s: %w", w.Name, err)
		}
		w.Bytes = len(text)
		if err := json.Unmarshal(text, &w.Template); err != nil {
			return a, fmt.Errorf("read the template of %s: %w", w.Name, err)
		}
		if w.Checked, err = findings(folder, *s.ArtifactId()); err != nil {
			return a, err
		}
		a.Stacks = append(a.Stacks, w)
	}
	return a, nil
}

// findings reads the report that cdk-nag left beside the template.
func findings(folder, stack string) ([]Finding, error) {
	text, err := os.ReadFile(filepath.Join(folder, "AwsSolutions-"+stack+"-NagReport.json"))
	if err != nil {
		return nil, fmt.Errorf("read what cdk-nag found: %w", err)
	}
	var report struct{ Lines []Finding }
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("read what cdk-nag found in %s: %w", stack, err)
	}
	return report.Lines, nil
}

// Open returns the findings that nobody gave a reason for, and those whose rule could not be tried.
func (a Assembly) Open() []Finding {
	var open []Finding
	for _, s := range a.Stacks {
		open = append(open, slices.DeleteFunc(slices.Clone(s.Checked), func(f Finding) bool {
			return f.Verdict == "Compliant" || f.Verdict == "N/A" || f.Verdict == "Suppressed"
		})...)
	}
	return open
}

// String is the finding in a line.
func (f Finding) String() string {
	return f.Rule + " (" + f.Level + ") at " + f.Resource + ": " + f.Info
}

// Placeholders makes a folder in which a file stands for each compiled function, for who wants the templates alone.
func Placeholders() (string, error) {
	folder, err := os.MkdirTemp("", "functions")
	if err != nil {
		return "", err
	}
	for _, name := range functions {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(folder, name, "bootstrap"), []byte(name), 0o755); err != nil {
			return "", err
		}
	}
	return folder, nil
}
