package commit

import (
	"log/slog"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/telemetry"
)

// Report is what one call of Commit did.
type Report struct {
	Tables      []Done   // by table, those that were committed to
	Objects     int      // landed objects that are done with
	Quarantined int      // bad records among them
	Holes       []Hole   // ranges that were passed without their records
	Unreadable  []string // keys of objects that were set aside
	Waiting     int      // landed objects that there was no time for

	// Marks tells of each table of the streams that were committed, by its name, how far it is with each lane. The
	// heartbeats' were read last.
	Marks map[string]lake.Watermarks
}

// Done is what was committed to one table.
type Done struct {
	Table      string
	Commit     int64 // the last commit's number
	Commits    int
	Rows       int64
	Files      int
	CompleteTo time.Time // every open shard is in the table up to here; zero where no shard is open
}

// Hole is a range of a lane whose records are not in the lake.
type Hole = lake.Hole

// Rows returns the rows that were committed to all tables.
func (r Report) Rows() (n int64) {
	for _, d := range r.Tables {
		n += d.Rows
	}
	return n
}

func (r *Report) mark(table string, marks lake.Watermarks) {
	if r.Marks == nil {
		r.Marks = map[string]lake.Watermarks{}
	}
	r.Marks[table] = marks
}

func (r *Report) done(d Done) {
	i := slices.IndexFunc(r.Tables, func(o Done) bool { return o.Table == d.Table })
	if i < 0 {
		r.Tables = append(r.Tables, d)
		return
	}
	o := &r.Tables[i]
	o.Commit, o.CompleteTo = d.Commit, d.CompleteTo
	o.Commits, o.Rows, o.Files = o.Commits+d.Commits, o.Rows+d.Rows, o.Files+d.Files
}

// Committed says that a table has a new commit.
type Committed struct {
	Table   string
	Commit  int64
	Rows    int64
	Files   int
	Elapsed time.Duration
}

// Attrs implements telemetry.Event.
func (e Committed) Attrs() (string, []slog.Attr) {
	return "committed", []slog.Attr{slog.String(telemetry.Table, e.Table), slog.Int64(telemetry.Commit, e.Commit),
		slog.Int64(telemetry.Rows, e.Rows), slog.Int(telemetry.Files, e.Files), slog.Duration(telemetry.Elapsed, e.Elapsed)}
}

// Measures implements telemetry.Measured.
func (e Committed) Measures() (telemetry.Of, []telemetry.Measure) {
	return telemetry.Of{Name: "Table", Value: e.Table}, []telemetry.Measure{telemetry.Number("Commits", 1), telemetry.Number("CommittedRows", e.Rows),
		telemetry.Number("CommittedFiles", e.Files), telemetry.Millis("CommitTime", e.Elapsed)}
}

// Unreadable says that a landed object was set aside.
type Unreadable struct{ Key, Reason string }

// Attrs implements telemetry.Event.
func (e Unreadable) Attrs() (string, []slog.Attr) {
	return "landed object set aside", []slog.Attr{slog.String(telemetry.Key, e.Key), slog.String(telemetry.Reason, e.Reason)}
}

// Measures implements telemetry.Measured.
func (e Unreadable) Measures() (telemetry.Of, []telemetry.Measure) {
	return telemetry.Of{}, []telemetry.Measure{telemetry.Number("SetAside", 1)}
}
