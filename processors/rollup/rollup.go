// Package rollup keeps the daily tables: what the declared metrics count, by business day, region and dimensions. A
// refresh adds what the changes since the last one contribute, each taking its old row out and putting its new one in, so
// that its cost follows the changes and not the history. It runs on its own clock and never disturbs committers.
package rollup

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// Files is where data files lie.
type Files interface {
	Put(ctx context.Context, key string, body []byte) error
	Delete(ctx context.Context, key string) error
	Open(ctx context.Context, key string) (interface {
		io.ReaderAt
		io.Closer
	}, int64, error)
}

// Source reads what a rollup lacks, at one pinned snapshot of the history.
type Source interface {
	Lacking(ctx context.Context, q Question) (Answer, error)
}

// Question asks what the rollup of a dataset lacks.
type Question struct {
	Dataset string
	Above   int64       // the commit that the rollup is current to
	Whole   bool        // the rollup is made anew
	Worth   lake.Rollup // what its rows are worth
}

// Answer is what makes a rollup current to a commit.
type Answer struct {
	Rows    []Rows
	Through int64           // the commit of the history that it is then current to
	Marked  map[string]Days // by the time of metrics of records: days whose rows are to be taken out first
	Worth   lake.Rollup
}

// Rows is rows to be added. Append adds them to a batch of the rollup's columns.
type Rows interface {
	Append(to *columns.Batch) error
}

// Days are business days, as days since 1970.
type Days struct {
	All  bool
	Nums map[int32]bool
	Null bool // and rows without one
}

// Options tune a Rollup. The zero value works.
type Options struct {
	FanIn   int // files of one size that are merged into one; 0: 4
	Rest    int // a recomputation is not repeated before so many times its duration; 0: 9
	Now     func() time.Time
	NewID   func() string // names files and markers
	Observe telemetry.Observe
}

func (o Options) filled() Options {
	o.FanIn, o.Rest = cmp.Or(o.FanIn, 4), cmp.Or(o.Rest, 9)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = newID
	}
	if o.Observe == nil {
		o.Observe = telemetry.Discard
	}
	return o
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Rollup keeps one dataset's daily table. It is safe for concurrent use; one method runs at a time.
type Rollup struct {
	kept   *schemas.Daily
	table  *tables.Table
	cols   []schemas.Column
	files  Files
	source Source
	opts   Options

	mu      sync.Mutex
	resting time.Time // until when nothing is recomputed
	held    int       // how many rewrite the history below
}

// Open opens the daily table, or creates it. Columns that it has keep their field ids, whatever metrics come and go.
func Open(ctx context.Context, catalog *tables.Catalog, kept *schemas.Daily, files Files, source Source, opts Options) (*Rollup, error) {
	name := kept.Dataset.DailyTable()
	var ids map[string]int
	have, err := catalog.Existing(ctx, name)
	if err == nil {
		snap, err := have.Snapshot(ctx)
		if err != nil {
			return nil, err
		}
		ids = snap.IDs()
	} else if !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	r := &Rollup{kept: kept, cols: kept.Columns(ids), files: files, source: source, opts: opts.filled()}
	r.table, err = catalog.Table(ctx, tables.Spec{Name: name, Columns: r.cols, Sort: kept.Keys()})
	return r, err
}

// Table returns the daily table.
func (r *Rollup) Table() *tables.Table { return r.table }

// Dataset returns whose table it is.
func (r *Rollup) Dataset() *schemas.Dataset { return r.kept.Dataset }

// read appends the rows of a file to the batch.
func (r *Rollup) read(ctx context.Context, f tables.File, into *columns.Batch) error {
	key, err := lake.ParseURL(f.URL)
	if err != nil {
		return err
	}
	body, size, err := r.files.Open(ctx, key)
	if err != nil {
		return fmt.Errorf("open %s: %w", key, err)
	}
	defer body.Close()
	if err := columns.Read(body, size, into); err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	return nil
}

// write makes one file of the batch's rows.
func (r *Rollup) write(ctx context.Context, b *columns.Batch, codec columns.Codec, name string) (tables.NewFile, error) {
	key := lake.DataKey(r.table.Name(), "", name)
	body, stats, err := columns.NewEncoder(r.cols, columns.EncoderOptions{Codec: codec}).Encode(nil, b)
	if err != nil {
		return tables.NewFile{}, fmt.Errorf("encode %s: %w", key, err)
	}
	if err := r.files.Put(ctx, key, body); err != nil {
		return tables.NewFile{}, fmt.Errorf("put %s: %w", key, err)
	}
	said := tables.NewStats(stats.SplitOffsets)
	for _, l := range stats.Clone().Leaves {
		said.Add(l.ID, l.Size, l.Values, l.Nulls, l.Lower, l.Upper)
	}
	return tables.NewFile{URL: lake.URL(key), Rows: stats.Rows, Size: stats.Size, Bucket: -1, Stats: said}, nil
}

// discard removes a file that no snapshot has. What stays is an orphan, and swept later.
func (r *Rollup) discard(ctx context.Context, f tables.NewFile) {
	if key, err := lake.ParseURL(f.URL); err == nil {
		_ = r.files.Delete(context.WithoutCancel(ctx), key)
	}
}

// Refreshed tells what a refresh did.
type Refreshed struct {
	Table      string
	Through    int64
	Rows       int64 // added to the table
	Recomputed bool  // some days, or all
	Elapsed    time.Duration
}

// Attrs returns the event as a log line.
func (e Refreshed) Attrs() (string, []slog.Attr) {
	return "rollup refreshed", []slog.Attr{
		slog.String(telemetry.Table, e.Table), slog.Int64(telemetry.Commit, e.Through), slog.Int64(telemetry.Rows, e.Rows),
		slog.Bool("recomputed", e.Recomputed), slog.Duration(telemetry.Elapsed, e.Elapsed),
	}
}

// Measures implements telemetry.Measured.
func (e Refreshed) Measures() (telemetry.Of, []telemetry.Measure) {
	return telemetry.Of{Name: "Table", Value: e.Table}, []telemetry.Measure{telemetry.Number("RefreshedRows", e.Rows), telemetry.Millis("RefreshTime", e.Elapsed)}
}
