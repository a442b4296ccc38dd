package tables

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/apache/iceberg-go/table"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/schemas"
)

// Story is what a snapshot says of itself. Only those of commits that brought rows have an entry.
type Story struct {
	Snapshot  int64
	Sequence  int64 // grows from snapshot to snapshot of a table
	At        time.Time
	Operation string
	Entry     string // lake.Entry; empty: there is none
	Foreign   bool   // another engine has made it
	Summary   map[string]string
}

// Told reports whether the ledger wants to know of it.
func (s Story) Told() bool { return s.Entry != "" || s.Foreign }

// Stories returns those of the snapshots after a sequence number, in order.
func (s *Snapshot) Stories(after int64) []Story {
	var all []Story
	for _, snap := range s.meta.Snapshots() {
		if snap.SequenceNumber > after {
			all = append(all, storyOf(&snap))
		}
	}
	slices.SortFunc(all, func(a, b Story) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return all
}

func storyOf(snap *table.Snapshot) Story {
	s := Story{Snapshot: snap.SnapshotID, Sequence: snap.SequenceNumber, At: time.UnixMilli(snap.TimestampMs).UTC()}
	if snap.Summary == nil {
		s.Foreign = true
		return s
	}
	s.Operation, s.Summary = string(snap.Summary.Operation), maps.Clone(snap.Summary.Properties)
	s.Entry = s.Summary[lake.PropEntry]
	s.Foreign = s.Summary[lake.PropMarker] == "" && !rewritesManifests(snap)
	return s
}

// told returns up to which sequence number of the table the ledger has its stories.
func (t *Table) told(ctx context.Context) (int64, error) {
	ledger := &Table{name: schemas.LedgerTable, home: t.home}
	s, err := ledger.Snapshot(ctx)
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	m, ok := s.Watermarks[t.name]
	if !ok {
		return 0, nil
	}
	return strconv.ParseInt(m.Seq.Short(), 10, 64)
}

// untold returns how many of the newest snapshots must stay because one of them, or one before them, has a story that
// the ledger does not have yet.
func (t *Table) untold(ctx context.Context, s *Snapshot) (int, error) {
	told, err := t.told(ctx)
	if err != nil {
		return 0, kind(err, "look at the ledger of table "+t.name)
	}
	stories := s.Stories(told)
	for i, story := range stories {
		if story.Told() {
			return len(stories) - i, nil
		}
	}
	return 0, nil
}
