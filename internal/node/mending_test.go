package node_test

import (
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/verify"
)

// TestOneBackfillOrRepairAtATime: a second one that is asked for while the first is at work would go on with the first one's scan, in its
// lane; it is refused, and the first ends well.
func TestOneBackfillOrRepairAtATime(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int64")
	f.put(map[string]string{"a": "1", "b": "2", "c": "3"})
	asks := map[string]any{"backfill": node.BackfillArgs{Dataset: "things", Scan: true}, "repair": node.RepairArgs{}}
	f.with(func(n *node.Node) {
		for first, args := range asks {
			tried := false
			err := n.Do(t.Context(), first, args, nil, func(node.Step) {
				if tried {
					return
				}
				tried = true
				for second, args := range asks {
					err := n.Do(t.Context(), second, args, nil, node.Silent)
					if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "is under way: wait for it, or stop it") {
						t.Errorf("%s during %s: got %v", second, first, err)
					}
				}
			})
			if err != nil || !tried {
				t.Errorf("%s: %v; told of a step: %t", first, err, tried)
			}
		}
		if r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}); !r[0].Clean() || r[0].Lake != 3 {
			t.Errorf("got %+v", r)
		}
	})
}
