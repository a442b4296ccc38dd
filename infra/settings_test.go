package main_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/config"
)

// Every function is told what the struct that it loads asks for, and nothing else.
func TestEveryFunctionHasItsSettings(t *testing.T) {
	loads := map[string]func(*testing.T, map[string]string){
		"Api": loads[config.API], "Processor": loads[config.Processor], "Committer": loads[config.Committer], "Maintenance": loads[config.Maintenance], "Query": loads[config.Query],
	}
	each(t, func(t *testing.T, w *world, env string) {
		seen := 0
		for _, f := range w.of(env, "AWS::Lambda::Function") {
			if f.Properties["Handler"] != "bootstrap" {
				continue // of the library
			}
			load, ok := loads[f.id[:len(f.id)-8]]
			if !ok {
				t.Errorf("%s is no function that we know", f)
				continue
			}
			seen++
			settings := map[string]string{}
			variables := f.Properties["Environment"].(map[string]any)["Variables"].(map[string]any)
			for name, value := range variables {
				settings[name] = deployed(value)
			}
			load(t, settings)
			if got := settings["TARN_ENVIRONMENT"]; got != env {
				t.Errorf("%s believes to be in %q", f, got)
			}
			if got, want := settings["TARN_SCHEMAS"], map[bool]string{true: "schemas"}[env == other]; got != want {
				t.Errorf("%s reads the schemas of %q, want %q", f, got, want)
			}
			if f.Properties["Architectures"].([]any)[0] != "arm64" {
				t.Errorf("%s runs on %v", f, f.Properties["Architectures"])
			}
		}
		if seen != len(loads) {
			t.Errorf("%d functions, want %d", seen, len(loads))
		}
	})
}

// loads checks that T can be loaded from settings, and that it knows all of them.
func loads[T any](t *testing.T, settings map[string]string) {
	t.Helper()
	if _, err := config.Load[T](func(name string) string { return settings[name] }); err != nil {
		t.Errorf("%T: %v", *new(T), err)
	}
	known := config.Describe[T]()
	for name := range settings {
		if !slices.ContainsFunc(known, func(s config.Setting) bool { return s.Name == name }) {
			t.Errorf("%T has no setting %s", *new(T), name)
		}
	}
	for _, s := range known { // what may be left out in general is there on AWS
		if s.Name == "TARN_DATASETS" {
			if want := map[bool]string{true: "passes"}[settings["TARN_ENVIRONMENT"] == other]; settings[s.Name] != want {
				t.Errorf("%T: what may be asked about is %q, want %q: its role can read nothing else", *new(T), settings[s.Name], want)
			}
			continue
		}
		if settings[s.Name] == "" && !slices.Contains([]string{"TARN_SCHEMAS", "TARN_JWKS", "TARN_RESULTS"}, s.Name) {
			t.Errorf("%T: %s is not set", *new(T), s.Name)
		}
	}
}

// deployed is what a value of a template looks like once it is deployed: names of resources become names.
func deployed(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case map[string]any:
		join, ok := v["Fn::Join"].([]any)
		if !ok {
			return fmt.Sprintf("x%x", sha256.Sum256([]byte(text(v))))[:12]
		}
		var b strings.Builder
		for _, part := range join[1].([]any) {
			b.WriteString(deployed(part))
		}
		return b.String()
	}
	return fmt.Sprint(value)
}
