package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// cfn-lint knows what CloudFormation takes. Its warnings of resources that depend on each other twice, of names that are
// written out, and of zones that are (a synthesis asks nobody for them) are left out; everything else fails.
func TestTemplatesAreTakenByCloudFormation(t *testing.T) {
	lint := os.Getenv("CFN_LINT")
	if lint == "" {
		if os.Getenv("TARN_INTEGRATION") == "all" {
			t.Fatal("CFN_LINT is not set: scripts/components/cfn-lint.sh installs it")
		}
		t.Skip("CFN_LINT not set: it names the program that scripts/components/cfn-lint.sh installs")
	}
	w := mustWorld(t)
	templates, findings := 0, 0
	for _, env := range environments {
		files, err := filepath.Glob(filepath.Join(w.assemblies[env].Folder, "*.template.json"))
		if err != nil || len(files) != len(w.assemblies[env].Stacks) {
			t.Fatalf("%d templates of %d stacks: %v", len(files), len(w.assemblies[env].Stacks), err)
		}
		args := append([]string{"--format", "parseable", "--ignore-checks", "W3005", "W3045", "W3010", "--"}, files...)
		out, err := exec.CommandContext(t.Context(), lint, args...).CombinedOutput()
		for line := range strings.Lines(string(out)) {
			findings++
			t.Errorf("%s: %s", env, strings.TrimSpace(line))
		}
		if err != nil && len(out) == 0 {
			t.Errorf("%s: %v", env, err)
		}
		templates += len(files)
	}
	t.Logf("cfn-lint: %d findings in %d templates", findings, templates)
}
