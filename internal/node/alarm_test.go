package node_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
)

// page is one that listens to what the process tells every page.
type page struct {
	t     *testing.T
	lines *bufio.Scanner
}

func openPage(t *testing.T, n *node.Node) page {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.URL()+"/api/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+n.Token())
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("the page is answered %s", answer.Status)
	}
	return page{t, bufio.NewScanner(answer.Body)}
}

// alarms returns the next list of alarms that the page is told.
func (p page) alarms() string {
	p.t.Helper()
	for of := false; p.lines.Scan(); {
		if line := p.lines.Text(); of {
			return strings.TrimPrefix(line, "data: ")
		} else if line == "event: alarms" {
			of = true
		}
	}
	p.t.Fatalf("the page was told nothing more: %v", p.lines.Err())
	return ""
}

// TestAlarmsReachThePage: a page that is open learns of a record in quarantine, one that is opened later too, and both learn
// when all is well again.
func TestAlarmsReachThePage(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int32")
	n := mustServe(t, f.data, f.schemas)
	first := openPage(t, n)
	item := record.Item{"id": record.String("large"), "n": record.Number("5000000000")}
	if err := n.WriteBulk(t.Context(), []embedded.Bulk{{At: time.Now(), Actions: []ingest.Action{{Kind: ingest.Put, Table: "shop_things", Item: item}}}}); err != nil {
		t.Fatal(err)
	}
	const parked = "1 records are in quarantine"
	if got := first.alarms(); !strings.Contains(got, parked) {
		t.Fatalf("got %s", got)
	}
	second := openPage(t, n)
	if got := second.alarms(); !strings.Contains(got, parked) {
		t.Fatalf("got %s", got)
	}
	bad := mustDo[[]node.Bad](t, n, "quarantine.list", node.QuarantineArgs{})
	mustDo[node.Receipt](t, n, "quarantine.discard", node.QuarantineArgs{ID: bad[0].ID, Why: "a test"})
	for _, p := range []page{first, second} {
		if got := p.alarms(); got != "[]" {
			t.Errorf("all is well, and the page is told %s", got)
		}
	}
}
