package main_test

import (
	"strings"
	"testing"
)

// cdk-nag's rules hold, or somebody wrote down why not.
func TestEveryFindingHasAReason(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		tried := 0
		for _, s := range w.assemblies[env].Stacks {
			tried += len(s.Checked)
			for _, f := range s.Checked {
				if f.Verdict == "Suppressed" && len(strings.Fields(f.Reason)) < 4 {
					t.Errorf("%s: the reason is no sentence: %q", f, f.Reason)
				}
			}
		}
		for _, f := range w.assemblies[env].Open() {
			t.Error(f)
		}
		t.Logf("%d stacks synthesised in %.1f s, %d checks of cdk-nag, %d findings without a reason", len(w.assemblies[env].Stacks), w.took[env].Seconds(), tried, len(w.assemblies[env].Open()))
		if tried < 30 {
			t.Errorf("only %d checks were made", tried)
		}
	})
}
