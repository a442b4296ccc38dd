// Package load turns a file of rows into changes: CSV, JSON Lines, DynamoDB JSON lines or Parquet, through the same
// landing and commit as a stream. A file is a lane and a row's identity is (hash of the file, row number), so a load
// that is interrupted and run again, or run twice, changes nothing twice.
package load

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/schemas"
)

// Options tune a load. The zero value works.
type Options struct {
	Format    string                               // csv, jsonl, dynamodb, parquet; empty: told from the name and the first bytes
	BatchRows int                                  // rows of a landed batch; 0: 50,000
	Landed    func()                               // called after each landed batch
	Tell      func(what string, done, total int64) // progress; nil: nobody

	Lane string                                      // what the name of the lane begins with; empty: load/
	At   time.Time                                   // of every row; zero: when the file was changed last
	Dry  bool                                        // nothing lands
	Pace func(ctx context.Context, rows int64) error // called after each thousand rows; nil: as fast as it goes

	// Keep keeps, before the first bad row lands, how it can be read again; nil: it cannot.
	Keep func(ctx context.Context, lane string, f Form) error
}

const paced = 1000 // rows

const maxBatchBytes = 24 << 20 // in memory; a batch of wide rows ends here

// Report is what a load did.
type Report struct {
	File    string   `json:"file"`
	Hash    string   `json:"hash"`
	Lane    string   `json:"lane"`
	Format  string   `json:"format"`
	Rows    int64    `json:"rows"`                 // in the file
	Loaded  int64    `json:"loaded"`               // of them now in the lake because of this load
	Before  int64    `json:"before"`               // of them there already
	Bad     int64    `json:"bad"`                  // of them quarantined by this load
	Beats   int64    `json:"heartbeats,omitempty"` // of them heartbeats, which are no records
	First   []BadRow `json:"badRows,omitempty"`    // the first few of those
	Unknown []string `json:"unknownColumns,omitempty"`
}

// BadRow says why a row was quarantined.
type BadRow struct {
	Line   int64  `json:"line"`
	Field  string `json:"field,omitempty"`
	Reason string `json:"reason"`
}

const maxBadRows = 10 // named in a report; all are in quarantine

// source reads the rows of a file in order.
type source interface {
	// next sets the fields of the next row, or only counts it. At the end it returns io.EOF. A *badRow is a row that
	// cannot be read; any other error ends the load.
	next(row *decode.Row) error
	skip() error
	line() int64     // where the row read last began, 1-based; 0: the format has no lines
	payload() []byte // its bytes, or what stands for them
	named() []string // columns that the file names once; nil: each row says of itself what it has
	unknown() []string
	Close() error
}

// badRow is the error of one row, after which the next can be read.
type badRow struct{ error }

func (b *badRow) Unwrap() error { return b.error }

// File loads the file into the dataset. Position returns how far the lane has landed already.
func File(ctx context.Context, path string, d *schemas.Dataset, l *land.Lander, position func(lane string) (lake.Seq, error), o Options) (Report, error) {
	if o.BatchRows == 0 {
		o.BatchRows = 50_000
	}
	if o.Landed == nil {
		o.Landed = func() {}
	}
	if o.Tell == nil {
		o.Tell = func(string, int64, int64) {}
	}
	info, err := os.Stat(path)
	if err != nil {
		return Report{}, fault.Wrap(fault.NotFound, err, "the file %s cannot be read", path)
	}
	if info.IsDir() {
		return Report{}, fault.New(fault.Invalid, "%s is a folder: name one file", path)
	}
	if o.At.IsZero() {
		o.At = info.ModTime()
	}
	run := &run{o: o, at: o.At.UTC().Truncate(time.Millisecond), size: info.Size(), report: Report{File: path}}
	if err := run.open(ctx, path, d, l, position); err != nil {
		return Report{}, err
	}
	defer run.src.Close()
	err = run.all(ctx)
	run.report.Unknown = run.src.unknown()
	return run.report, err
}

// run is one load.
type run struct {
	o      Options
	at     time.Time // of every row: when the file was changed last
	size   int64
	src    source
	rows   *land.Rows
	from   lake.Seq
	kept   bool // how its bad rows can be read again
	report Report
}

func (r *run) open(ctx context.Context, path string, d *schemas.Dataset, l *land.Lander, position func(string) (lake.Seq, error)) error {
	hash, err := r.hash(ctx, path)
	if err != nil {
		return err
	}
	r.report.Hash, r.report.Lane = hash, cmp.Or(r.o.Lane, lake.LoadLane)+hash[:32]
	if r.from, err = position(r.report.Lane); err != nil {
		return err
	}
	if r.rows, err = l.Rows(d, r.report.Lane); err != nil {
		return err
	}
	r.rows.After(r.from)
	if r.report.Format, err = formatOf(path, r.o.Format); err != nil {
		return err
	}
	r.src, err = formats[r.report.Format](path, r.rows.Row(), d)
	return err
}

// formatOf returns the format of a file: as it is named, or else told from the file.
func formatOf(path, named string) (string, error) {
	if named == "" {
		return detect(path)
	}
	if _, ok := formats[named]; !ok {
		return "", fault.New(fault.Invalid, "no format %q: there are csv, jsonl, dynamodb and parquet", named)
	}
	return named, nil
}

// formats are the readers by name.
var formats = map[string]func(path string, row *decode.Row, d *schemas.Dataset) (source, error){
	"csv": openCSV, "jsonl": openJSON, "dynamodb": openDynamo, "parquet": openParquet,
}

func (r *run) all(ctx context.Context) error {
	for n := int64(1); ; n++ {
		seq := lake.Seq(fmt.Sprintf("%0*d", lake.SeqDigits, n))
		err := r.one(seq)
		if errors.Is(err, io.EOF) {
			return r.land(ctx, true)
		}
		if err != nil {
			return err
		}
		r.report.Rows = n
		if r.o.Pace != nil && n%paced == 0 {
			if err := r.o.Pace(ctx, paced); err != nil {
				return err
			}
		}
		if r.rows.Records() >= r.o.BatchRows || n%1000 == 0 && r.rows.Size() > maxBatchBytes {
			if err := r.land(ctx, false); err != nil {
				return err
			}
		}
	}
}

// one reads one row: into the batch, into quarantine, or past it where it landed before.
func (r *run) one(seq lake.Seq) error {
	if seq <= r.from {
		err := r.src.skip()
		if err == nil {
			r.report.Before++
		}
		return err
	}
	row := r.rows.Row()
	row.Clear()
	err := r.src.next(row)
	if err == nil {
		if err = r.rows.Add(decode.Identity{Op: record.Snapshot, Seq: seq, At: r.at}); err != nil {
			err = &badRow{err}
		}
	}
	if errors.Is(err, errHeartbeat) {
		r.report.Beats++
		return nil
	}
	var bad *badRow
	if errors.As(err, &bad) {
		r.park(seq, bad.error)
		return nil
	}
	if err == nil {
		r.report.Loaded++
	}
	return err
}

func (r *run) park(seq lake.Seq, why error) {
	b := land.Bad{Seq: seq, At: r.at, Line: r.src.line(), Reason: why.Error(), Payload: r.src.payload()}
	var e *fault.Error
	if errors.As(why, &e) && len(e.Fields) > 0 {
		b.Field = e.Fields[0].Name
	}
	r.rows.Park(b)
	r.report.Bad++
	if len(r.report.First) < maxBadRows {
		r.report.First = append(r.report.First, BadRow{Line: b.Line, Field: b.Field, Reason: b.Reason})
	}
}

func (r *run) land(ctx context.Context, final bool) error {
	if r.o.Dry {
		r.rows.After("")
	} else if err := r.keep(ctx); err != nil {
		return err
	} else if _, err := r.rows.Land(ctx, final); err != nil {
		return err
	}
	r.o.Landed()
	r.o.Tell("rows loaded", r.report.Rows, 0)
	return ctx.Err()
}

// keep keeps how bad rows can be read again, once there are any.
func (r *run) keep(ctx context.Context) error {
	if r.kept || r.report.Bad == 0 || r.o.Keep == nil {
		return nil
	}
	if err := r.o.Keep(ctx, r.report.Lane, Form{Format: r.report.Format, Columns: r.src.named()}); err != nil {
		return fmt.Errorf("keep how rows of %s can be read again: %w", r.report.File, err)
	}
	r.kept = true
	return nil
}

// hash reads the whole file once.
func (r *run) hash(ctx context.Context, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fault.Wrap(fault.NotFound, err, "the file %s cannot be read", path)
	}
	defer file.Close()
	sum := sha256.New()
	const part = 8 << 20
	for done := int64(0); ; done += part {
		n, err := io.CopyN(sum, file, part)
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err != nil {
			return "", fmt.Errorf("read %s: %w", path, err)
		}
		r.o.Tell("bytes of the file hashed", done+n, r.size)
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
	}
}
