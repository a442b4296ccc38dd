package node_test

import (
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
)

// TestAMergeThatMeetsAnotherIsMadeAnew: a load, a backfill or a repair beside a process that merges all the time has landed and
// committed everything when it comes to merging, and must not end with an error because somebody was quicker.
func TestAMergeThatMeetsAnotherIsMadeAnew(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		conflicts int
		then      error
		want      fault.Kind
		ok        bool
	}{
		{name: "alone", ok: true},
		{name: "after three others", conflicts: 3, ok: true},
		{name: "for ever", conflicts: 1000, want: fault.Conflict},
		{name: "another error", conflicts: 1, then: fault.New(fault.Full, "the disk is full"), want: fault.Full},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			met := 0
			did, err := node.Again(func() (bool, error) {
				if met++; met <= c.conflicts {
					return false, fault.New(fault.Conflict, "the files to replace are gone")
				}
				return c.then == nil, c.then
			})
			if did != c.ok || (err == nil) != c.ok || err != nil && !fault.Is(err, c.want) {
				t.Errorf("got %v, %v", did, err)
			}
		})
	}
}
