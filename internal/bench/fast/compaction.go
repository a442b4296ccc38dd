package fast

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

const (
	again  = batch / 100 // rows of a file that the file before has too
	region = "dhaka"     // of all rows, so that one partition has all files
)

// compaction measures the merge of many small sorted files into one, in children: ours, parquet-go's, DuckDB's.
func (b *bench) compaction(ctx context.Context) error {
	made := filepath.Join(b.root, "small-files")
	want, err := smallFiles(ctx, made, b.Rows/batch)
	if err != nil {
		return err
	}
	defer os.RemoveAll(made)
	seconds, memory := map[string]series{}, map[string]series{}
	for range b.Rounds {
		for _, c := range mergers {
			root := filepath.Join(b.root, "merged")
			if err := link(made, root); err != nil {
				return err
			}
			m, err := b.child(ctx, append(strings.Fields(c.task), root)...)
			if err == nil && m.Rows != want {
				err = fmt.Errorf("%s left %d rows, want %d", c.name, m.Rows, want)
			}
			if err = clean(err, root); err != nil {
				return err
			}
			seconds[c.task], memory[c.task] = append(seconds[c.task], m.Seconds), append(memory[c.task], float64(m.Peak)/1e6)
		}
	}
	b.compactionFigures(seconds, memory)
	return nil
}

// mergers are the contestants: ours in one pass of all files, as both others merge, and with the memory that a Compactor
// has unless it is told otherwise, for which a thousand files are too many at once.
var mergers = []struct{ task, name string }{
	{ours, "ours, which may have 1 GB"},
	{"compact 256", "ours, which may have 256 MB"},
	{"merge-parquetgo", "parquet-go's merge"},
	{"merge-duckdb", "DuckDB"},
}

const ours = "compact 1024"

func (b *bench) compactionFigures(seconds, memory map[string]series) {
	section := fmt.Sprintf("compaction, %d files", b.Rows/batch)
	for _, c := range mergers {
		var took, least series
		if c.task != ours {
			took, least = seconds[ours], memory[ours]
		}
		b.figure(section, c.name, "s", seconds[c.task], took)
		b.figure(section, c.name+", peak resident", "MB", memory[c.task], least)
	}
	b.atLeast("compaction against parquet-go's merge", seconds["merge-parquetgo"].over(seconds[ours]), 5, 7)
	b.atLeast("compaction against DuckDB's", seconds["merge-duckdb"].over(seconds[ours]), 1.7, 2.5)
	b.atMost("compaction's peak memory against DuckDB's", memory[ours].over(memory["merge-duckdb"]), 1, 1)
}

// smallFiles makes a table of small sorted files in one partition, where each has rows of the one before once more. It
// returns how many different rows there are.
func smallFiles(ctx context.Context, root string, n int) (int64, error) {
	s, err := openStore(ctx, root)
	if err != nil {
		return 0, err
	}
	t, err := s.changes(ctx)
	if err != nil {
		return 0, err
	}
	w, err := newSmallWriter(s)
	if err != nil {
		return 0, err
	}
	var files []tables.NewFile
	var different int64
	for i := range n {
		file, fresh, err := w.file(ctx, i)
		if err != nil {
			return 0, err
		}
		files, different = append(files, file), different+fresh
	}
	now, err := t.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	_, err = t.Append(ctx, now, files, tables.Update{Marker: "small files", Commit: int64(n)})
	return different, err
}

// smallWriter makes the small files.
type smallWriter struct {
	*store
	stream       *synthetic.Stream
	decoder      *decode.Decoder
	out          *decode.Output
	last         *columns.Batch // landed rows of the file before
	rows, sorted *columns.Batch
	encoder      *columns.Encoder
	keys         []columns.SortKey
	body         []byte
}

func newSmallWriter(s *store) (*smallWriter, error) {
	one := *s.dataset
	one.Region = schemas.Region{From: "constant", Value: region}
	plan, err := decode.Compile([]*schemas.Dataset{&one}, decode.Options{})
	if err != nil {
		return nil, err
	}
	stream, err := synthetic.New(synthetic.Options{Seed: 17})
	if err != nil {
		return nil, err
	}
	cols := s.dataset.ChangeColumns()
	w := &smallWriter{
		store: s, stream: stream, decoder: plan.NewDecoder(), out: plan.NewOutput(), last: columns.New(s.dataset.LandedColumns()),
		rows: columns.New(cols), sorted: columns.New(cols), encoder: columns.NewEncoder(cols, columns.EncoderOptions{}),
	}
	for _, name := range append(append([]string{}, s.dataset.Sort...), schemas.ColAt, schemas.ColSeq) {
		w.keys = append(w.keys, columns.SortKey{Path: name})
	}
	w.rows.Leaf(schemas.ColCommit).Fill = true
	return w, nil
}

// file makes the i-th file and returns how many of its rows no file had before.
func (w *smallWriter) file(ctx context.Context, i int) (tables.NewFile, int64, error) {
	w.out.Reset()
	w.rows.Reset()
	w.sorted.Reset()
	if w.body = w.stream.Event(w.body[:0], batch-min(again, w.last.Rows())); w.body == nil {
		return tables.NewFile{}, 0, fault.New(fault.Internal, "the stream made nothing")
	}
	if _, err := w.decoder.Event(w.body, lane, w.out); err != nil {
		return tables.NewFile{}, 0, err
	}
	fresh := w.out.Batch(synthetic.Dataset)
	err := w.rows.AppendFrom(fresh)
	if err == nil && w.last.Rows() > 0 {
		err = w.rows.Gather(w.last, firstRows())
	}
	if err != nil {
		return tables.NewFile{}, 0, err
	}
	commits := w.rows.Leaf(schemas.ColCommit)
	for k := range commits.Int64s {
		commits.Int64s[k] = int64(i + 1)
	}
	if err := w.sorted.Gather(w.rows, w.rows.SortOrder(w.keys)); err != nil {
		return tables.NewFile{}, 0, err
	}
	w.last.Reset()
	if err := w.last.AppendFrom(fresh); err != nil {
		return tables.NewFile{}, 0, err
	}
	f, err := w.put(ctx, i)
	return f, int64(fresh.Rows()), err
}

func firstRows() []int32 {
	rows := make([]int32, again)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

func (w *smallWriter) put(ctx context.Context, i int) (tables.NewFile, error) {
	body, stats, err := w.encoder.Encode(nil, w.sorted)
	if err != nil {
		return tables.NewFile{}, err
	}
	dt := time.Unix(int64(w.sorted.Leaf(schemas.ColDate).Int32s[0])*86400, 0).UTC().Format(time.DateOnly)
	key := lake.DataKey(w.dataset.ChangesTable(), lake.DayPartition(dt, region), fmt.Sprintf("small-%05d", i))
	if err := w.files.Put(ctx, key, body); err != nil {
		return tables.NewFile{}, err
	}
	return tables.NewFile{URL: lake.URL(key), Rows: stats.Rows, Size: stats.Size, Dt: dt, Region: region, Bucket: -1, Stats: statistics(stats)}, nil
}

// compactLake merges the history of a lake until there is nothing to merge. Its arguments are the megabytes that it may
// have and the lake's folder.
func compactLake(ctx context.Context, args []string) (int64, error) {
	megabytes, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("memory in megabytes: %w", err)
	}
	s, err := openStore(ctx, args[1])
	if err != nil {
		return 0, err
	}
	t, err := s.changes(ctx)
	if err != nil {
		return 0, err
	}
	c := compact.New(s.files, compact.Options{TargetBytes: 1 << 30, MemoryBytes: megabytes << 20})
	for {
		did, err := c.Merge(ctx, compact.History{Dataset: s.dataset, Changes: t})
		if err != nil {
			return 0, err
		}
		now, err := t.Snapshot(ctx)
		if err != nil || !did {
			return now.Rows, err
		}
	}
}
