package tables_test

import (
	"runtime"
	"testing"

	"github.com/google/uuid"

	"github.com/tarn-lake/tarn/internal/tables"
)

// TestOldVersionsAreForgotten commits again and again: memory may grow by a snapshot a commit, and not by all versions of
// the metadata, each of which holds all snapshots. It measures the whole process, so it runs beside no other test.
func TestOldVersionsAreForgotten(t *testing.T) {
	const (
		warm, commits = 10, 200
		most          = 8 << 20 // bytes; a chain of all versions takes five times that
	)
	l := newLake(t)
	tab := l.table(t, passes())
	var before int64
	for n := int64(1); n <= warm+commits; n++ {
		u := tables.Update{Marker: uuid.NewString(), Commit: n}
		if _, err := tab.Append(t.Context(), l.now(t, tab), []tables.NewFile{l.write(t, "2026-11-20", n)}, u); err != nil {
			t.Fatal(err)
		}
		if n == warm {
			before = live()
		}
	}
	grown := live() - before
	runtime.KeepAlive(l)
	if grown > most {
		t.Errorf("%d commits left %d bytes in memory, want at most %d", commits, grown, most)
	} else {
		t.Logf("%d commits left %d bytes in memory", commits, grown)
	}
}

// live returns the bytes of the heap that are reachable.
func live() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers held
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
