// Package integration starts the real components that tests run against: DynamoDB Local, versitygw for S3, moto for Glue,
// Trino. scripts/components installs them; a test that needs one that is not installed is skipped aloud, and fails where
// all of them are meant to be there (CI=true or TARN_INTEGRATION=all). Each call starts a component of its own on a free
// port with a folder of its own, waits until it answers, and stops it when the test ends.
package integration

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Key and Secret open every component, which all take Region for theirs.
const (
	Key    = "tarn"
	Secret = "tarn-secret-key"
	Region = "eu-west-1"
)

//go:embed versions.env
var pinned string

// version returns the pinned version of a component.
func version(t testing.TB, name string) string {
	t.Helper()
	for line := range strings.Lines(pinned) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return v
		}
	}
	t.Fatalf("versions.env does not name %s", name)
	return ""
}

// installed returns the folder of a component, or ends the test.
func installed(t testing.TB, name, version string) string {
	t.Helper()
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(home, ".cache")
	}
	folder := filepath.Join(cache, "tarn-integration", name+"-"+version)
	if _, err := os.Stat(filepath.Join(folder, "whole")); err != nil {
		missing(t, name, version)
	}
	return folder
}

func missing(t testing.TB, name, version string) {
	t.Helper()
	const text = "%s %s is not installed: run scripts/components/%s.sh"
	if os.Getenv("CI") == "true" || os.Getenv("TARN_INTEGRATION") == "all" {
		t.Fatalf(text, name, version, name)
	}
	t.Skipf(text, name, version, name)
}
