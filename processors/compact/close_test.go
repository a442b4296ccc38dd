package compact_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/compact"
)

// merges merges until nothing is left to merge, and returns how many files the history has then.
func (p *pond) merges(c *compact.Compactor) (rounds, files int) {
	p.Helper()
	for more := true; more; rounds++ {
		var err error
		if more, err = c.Merge(p.Context(), p.h); err != nil {
			p.Fatal(err)
		}
	}
	_, files = p.rows(p.h.Changes)
	return rounds - 1, files
}

func TestADayIsClosedOnceAndOpenedByWhatComesLate(t *testing.T) {
	t.Parallel()
	p := newPond(t)
	c := p.compactor(compact.Options{})
	seq := 0
	add := func(n int) {
		var all []visit
		for range n {
			seq++
			all = append(all, visit{"a", "modify", "2026-11-01", "dhaka", seq, int64(seq * 7 % 10)})
		}
		p.commit(all...)
	}
	for range 5 {
		add(20)
	}
	if rounds, files := p.merges(c); rounds != 1 || files != 1 {
		t.Fatalf("closing took %d rounds and left %d files", rounds, files)
	}
	add(3)
	add(3)
	if rounds, files := p.merges(c); rounds != 0 || files != 3 {
		t.Errorf("a little that came late: %d rounds, %d files; want it to wait", rounds, files)
	}
	add(9) // now more than an eighth is late
	if rounds, files := p.merges(c); rounds != 1 || files != 1 {
		t.Errorf("much that came late: %d rounds, %d files; want the day closed again", rounds, files)
	}
	add(1)
	if rounds, files := p.merges(p.compactor(compact.Options{Whole: true})); rounds != 1 || files != 1 {
		t.Errorf("when all is asked for: %d rounds, %d files", rounds, files)
	}
	rows, _ := p.rows(p.h.Changes)
	if len(rows) != seq {
		t.Errorf("%d rows, want %d", len(rows), seq)
	}
}

// The same rows give the same bytes, whatever commits brought them in which files.
func TestMergedFilesDependOnTheRowsAlone(t *testing.T) {
	t.Parallel()
	var bodies [][]byte
	for _, cut := range []int{1, 7, 30} {
		p := newPond(t)
		for from := 0; from < 90; from += cut {
			var part []visit
			for i := from; i < min(from+cut, 90); i++ {
				at := (i*37 + cut) % 90
				part = append(part, visit{fmt.Sprint("k", at%13), "modify", "2026-11-01", "dhaka", at + 1, int64(at % 5)})
			}
			p.commits = 0 // rows carry their commit, which is not what this is about
			snap, err := p.h.Changes.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			file := p.file(part)
			if _, err := p.h.Changes.Append(t.Context(), snap, []tables.NewFile{file}, tables.Update{Marker: fmt.Sprint("m", from), Commit: int64(from + 1)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, files := p.merges(p.compactor(compact.Options{})); files != 1 {
			t.Fatalf("%d files", files)
		}
		snap, err := p.h.Changes.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		files, err := snap.Files(t.Context(), tables.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		key, err := lake.ParseURL(files[0].URL)
		if err != nil {
			t.Fatal(err)
		}
		body, err := p.files.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	for i := range bodies {
		if !bytes.Equal(bodies[i], bodies[0]) {
			t.Errorf("cut %d gives other bytes", i)
		}
	}
}
