package compact_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// passes makes believable changes of movement passes, the same for the same seed.
type passes struct {
	dataset *schemas.Dataset
	rand    *rand.Rand
	seq     int
	at      time.Time
	keys    int // ids are drawn from so many; 0: each is new
	dt      string
	region  string
	commit  int64
	places  *rand.Zipf
}

func newPasses(t testing.TB, seed uint64) *passes {
	t.Helper()
	registry, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	d, ok := registry.Dataset("passes")
	if !ok {
		t.Fatal("there is no dataset passes")
	}
	r := rand.New(rand.NewPCG(seed, 5))
	return &passes{dataset: d, rand: r, at: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), dt: "2026-11-20", region: "dhaka", commit: 1,
		places: rand.NewZipf(r, 1.3, 4, 600)}
}

// add appends n changes of one day and region to the batch.
func (p *passes) add(b *columns.Batch, n int) {
	day, _ := time.Parse(time.DateOnly, p.dt)
	text := func(path, format string, args ...any) {
		l := b.Leaf(path)
		l.Arena = fmt.Appendf(l.Arena, format, args...)
		l.Offsets = append(l.Offsets, uint32(len(l.Arena)))
		l.Present()
	}
	g := p.rand
	for range n {
		p.seq += 1 + g.IntN(60)
		p.at = p.at.Add(time.Duration(g.IntN(160)) * time.Millisecond)
		op := [...]string{"insert", "modify", "modify"}[g.IntN(3)]
		thana := int(p.places.Uint64())
		district := 1001 + thana/9
		text("_op", "%s", op)
		text("_shard", "2026-11-20T00:00:00.000/shardId-%020d", g.IntN(4))
		text("_seq", "%040d", 100000000000000000+p.seq)
		b.Leaf("_commit").AppendInt64(p.commit)
		b.Leaf("_at").AppendInt64(p.at.UnixMicro())
		b.Leaf("dt").AppendInt32(int32(day.Unix() / 86400))
		text("region", "%s", p.region)
		id := g.Uint64()
		if p.keys > 0 {
			id = uint64(g.IntN(p.keys)) * 0x9e3779b97f4a7c15
		}
		text("id", "%016x%016x", id, id^0x5555)
		text("toLocation", "Market %d, Ward %d", g.IntN(300), g.IntN(90))
		starts := p.at.Truncate(time.Hour).Add(time.Duration(1+g.IntN(20)) * time.Hour)
		ends := starts.Add(time.Duration(1+g.IntN(11)) * time.Hour)
		for prefix := range 2 {
			if prefix == 1 && op == "insert" {
				break
			}
			old := []string{"", "old_"}[prefix]
			b.Leaf(old + "district").AppendInt32(int32(district))
			b.Leaf(old + "thana").AppendInt32(int32(10001 + thana))
			b.Leaf(old + "startAt").AppendInt64(starts.UnixMicro())
			b.Leaf(old + "endAt").AppendInt64(ends.UnixMicro())
			text(old+"type", "%s", [...]string{"ONE_WAY", "ROUND_TRIP"}[g.IntN(2)])
			text(old+"reason", "reason %d", g.IntN(14))
			b.Leaf(old + "includeVehicle").AppendBool(g.IntN(4) == 0)
			text(old+"applicantId", "%032x", id*31)
			text(old+"status", "%s", [...]string{"APPLIED", "APPROVED", "REJECTED"}[prefix*0+g.IntN(3)])
			b.Leaf(old + "createdAt").AppendInt64(p.at.Add(-time.Duration(g.IntN(1e6)) * time.Millisecond).UnixMicro())
		}
		if g.IntN(4) == 0 {
			text("vehicleNo", "%032x", g.IntN(1e6))
		}
		if op == "modify" {
			b.Leaf("decidedAt").AppendInt64(p.at.UnixMicro())
			text("decidedBy", "%032x", g.IntN(50))
			text("_changed.element", "decidedAt")
			text("_changed.element", "status")
			b.Leaf("_changed.element").Repeat()
		}
		b.Leaf("version").AppendInt64(int64(1 + g.IntN(3)))
		b.EndRow()
	}
}

// sortKeys is what the committer sorts a file by.
func (p *passes) sortKeys() []columns.SortKey {
	var keys []columns.SortKey
	for _, n := range append(slices.Clone(p.dataset.Sort), "_at", "_seq") {
		keys = append(keys, columns.SortKey{Path: n})
	}
	return keys
}

// file returns a sorted file of the batch's rows.
func (p *passes) file(t testing.TB, b *columns.Batch, enc *columns.Encoder) ([]byte, columns.FileStats) {
	t.Helper()
	sorted := columns.New(b.Columns())
	if err := sorted.Gather(b, b.SortOrder(p.sortKeys())); err != nil {
		t.Fatal(err)
	}
	body, stats, err := enc.Encode(nil, sorted)
	if err != nil {
		t.Fatal(err)
	}
	return body, stats
}

// newFile describes a file that was put for the table.
func (p *passes) newFile(stats columns.FileStats, key string) tables.NewFile {
	s := tables.NewStats(slices.Clone(stats.SplitOffsets))
	for _, l := range stats.Clone().Leaves {
		s.Add(l.ID, l.Size, l.Values, l.Nulls, l.Lower, l.Upper)
	}
	return tables.NewFile{URL: lake.URL(key), Rows: stats.Rows, Size: stats.Size, Dt: p.dt, Region: p.region, Bucket: -1, Stats: s}
}
