package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// Kinds of rows.
const (
	kindCommit  = "commit"
	kindForeign = "foreign"
	kindHole    = "hole"
	kindClosed  = "closed"
	kindDropped = "retention"
)

const region = "all" // the ledger speaks of all regions

// row is one row of the ledger.
type row struct {
	kind     string
	at       time.Time
	table    string
	commit   int64
	snapshot int64
	entry    lake.Entry
	lane     lake.LaneEntry
	rows     int64
	hole     string
	detail   any // nil: none
}

// encode makes a file of each day's rows.
func (b *Book) encode(ctx context.Context, rows []row, number int64) ([]tables.NewFile, error) {
	days := map[string]*columns.Batch{}
	var names []string
	for _, r := range rows {
		day := r.at.UTC().Format(time.DateOnly)
		if days[day] == nil {
			days[day] = columns.New(schemas.LedgerColumns())
			names = append(names, day)
		}
		if err := r.add(days[day], number); err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	enc := columns.NewEncoder(schemas.LedgerColumns(), columns.EncoderOptions{})
	var files []tables.NewFile
	for _, day := range names {
		body, stats, err := enc.Encode(nil, days[day])
		if err != nil {
			return nil, fmt.Errorf("encode the ledger: %w", err)
		}
		key := lake.DataKey(schemas.LedgerTable, lake.DayPartition(day, region), fmt.Sprintf("%010d-%s", number, b.opts.NewID()))
		if err := b.files.Put(ctx, key, body); err != nil {
			return nil, err
		}
		stats = stats.Clone()
		f := tables.NewFile{URL: lake.URL(key), Rows: stats.Rows, Size: stats.Size, Dt: day, Region: region, Stats: tables.NewStats(stats.SplitOffsets)}
		for _, l := range stats.Leaves {
			f.Stats.Add(l.ID, l.Size, l.Values, l.Nulls, l.Lower, l.Upper)
		}
		files = append(files, f)
	}
	return files, nil
}

func (r row) add(b *columns.Batch, number int64) error {
	text := func(column, v string) {
		if v != "" {
			b.Leaf(column).AppendString(v)
		}
	}
	count := func(column string, v int64, there bool) {
		if there {
			b.Leaf(column).AppendInt64(v)
		}
	}
	moment := func(column string, t time.Time) {
		if !t.IsZero() {
			b.Leaf(column).AppendInt64(t.UnixMicro())
		}
	}
	told := r.kind == kindCommit
	count(schemas.ColCommit, number, true)
	moment(schemas.ColAt, r.at)
	b.Leaf(schemas.ColDate).AppendInt32(int32(r.at.Unix() / 86_400))
	text(schemas.ColRegion, region)
	text("kind", r.kind)
	text("dataset", r.entry.Dataset)
	text("table", r.table)
	count("commit", r.commit, r.commit != 0)
	count("snapshot", r.snapshot, r.snapshot != 0)
	text(schemas.ColLane, r.lane.Lane)
	text("first", short(r.lane.First))
	text("last", short(r.lane.Last))
	text("ahead", short(r.lane.Ahead))
	moment("lane_to", r.lane.To)
	if told {
		b.Leaf("done").AppendBool(r.lane.Done)
	}
	count("records", int64(r.lane.Records), told)
	count("rows", r.rows, told || r.kind == kindForeign)
	count("quarantined", int64(r.lane.Quarantined), told)
	count("expired", int64(r.lane.Expired), told)
	count("retries", int64(r.entry.Retries), told)
	moment("complete_to", r.entry.CompleteTo)
	text("code", r.entry.Code)
	text("schema", r.entry.Schema)
	text("hole", r.hole)
	if r.detail != nil {
		said, err := json.Marshal(r.detail)
		if err != nil {
			return fmt.Errorf("write a row of the ledger: %w", err)
		}
		text("detail", string(said))
	}
	b.EndRow()
	return nil
}

func short(s lake.Seq) string {
	if s == "" {
		return ""
	}
	return s.Short()
}
