package node_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/verify"
)

// TestDamagedFilesOfTheLake: a question that needs a data file which is gone, was cut short or holds something else says what to do, and
// that helps: verify names the file, and repair mends the lake. All else stays readable meanwhile.
func TestDamagedFilesOfTheLake(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(path string) error{
		"gone": os.Remove,
		"cut":  func(path string) error { return os.Truncate(path, 300) },
		"other bytes": func(path string) error {
			body, err := os.ReadFile(path)
			for i := 4; i < len(body)/2; i++ { // pages; the footer is whole
				body[i] ^= 0xa5
			}
			return errors.Join(err, os.WriteFile(path, body, 0o600))
		},
		"other bytes at the end": func(path string) error {
			body, err := os.ReadFile(path)
			for i := len(body) - 60; i < len(body)-8; i++ {
				body[i] ^= 0xa5
			}
			return errors.Join(err, os.WriteFile(path, body, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newThings(t, "int64")
			f.put(map[string]string{"a": "1", "b": "2", "c": "3"})
			f.with(func(n *node.Node) { mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}) })
			registry, err := node.LoadSchemas(f.schemas)
			if err != nil {
				t.Fatal(err)
			}
			v := newVandalOf(t, f.data, registry, "things")
			if err := damage(v.files[0].Path); err != nil {
				t.Fatal(err)
			}
			f.with(func(n *node.Node) {
				err := n.Do(t.Context(), "sql", node.SQLArgs{SQL: "SELECT sum(n), max(id) FROM things_changes"}, nil, node.Silent)
				if !fault.Is(err, fault.Transient) || !strings.Contains(err.Error(), "a file of the lake could not be read: ask again; if it stays so, `tarn verify` names the file") {
					t.Errorf("a question: %s: %v", fault.Of(err), err)
				}
				mustDo[node.Table](t, n, "sql", node.SQLArgs{SQL: "SELECT count(*) FROM quarantine"})
				mustDo[node.Status](t, n, "status", struct{}{})
				for _, changes := range []bool{false, true} {
					r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{Changes: changes})[0]
					if r.Clean() || len(r.Pin.Lost) != 1 || r.Pin.Lost[0] != v.files[0].Path {
						t.Errorf("verify, changes %t: got %+v", changes, r)
					}
				}
				if r := mustDo[[]node.Repaired](t, n, "repair", node.RepairArgs{}); !r[0].Clean() || len(r[0].Forgotten) != 1 {
					t.Errorf("repair: got %+v", r)
				}
				got := mustDo[node.Table](t, n, "sql", node.SQLArgs{SQL: "SELECT count(*), sum(n) FROM things_changes", CSV: true})
				if !strings.HasSuffix(strings.TrimSpace(got.CSV), "\r\n3,6") {
					t.Errorf("after the repair: got %q", got.CSV)
				}
			})
		})
	}
}
