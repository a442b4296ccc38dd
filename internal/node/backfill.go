package node

import (
	"context"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// BackfillArgs asks for snapshot rows of one source.
type BackfillArgs struct {
	Dataset  string    `json:"dataset"`
	Export   string    `json:"export,omitempty"`   // of an export: a folder of this machine, or s3://bucket/prefix/AWSDynamoDB/<id>
	File     string    `json:"file,omitempty"`     // a file of this machine
	Format   string    `json:"format,omitempty"`   // of the file; empty: told from its name
	At       time.Time `json:"at,omitzero"`        // the instant of a file; zero: when it was changed last
	Full     bool      `json:"full,omitempty"`     // the file has every record
	Scan     bool      `json:"scan,omitempty"`     // the store itself
	Segments int       `json:"segments,omitempty"` // of a scan, read at once; 0: 4
	Afresh   bool      `json:"afresh,omitempty"`   // a scan that was interrupted begins anew
	Rate     int       `json:"rate,omitempty"`     // records a second; 0: as fast as it goes
	Capacity float64   `json:"capacity,omitempty"` // units of DynamoDB's read capacity a second that a scan may take; 0: no limit
	Hole     string    `json:"hole,omitempty"`     // the hole whose window is filled, and nothing else
	DryRun   bool      `json:"dryRun,omitempty"`
}

// Backfilled is what a backfill did.
type Backfilled struct {
	Dataset string    `json:"dataset"`
	Lane    string    `json:"lane"`
	At      time.Time `json:"at"`                // its instant
	Read    int64     `json:"read"`              // records of the source
	Before  int64     `json:"before"`            // of them landed by an earlier run
	Landed  int64     `json:"landed"`            // of them landed now
	Gone    int64     `json:"gone"`              // of them that are gone
	Outside int64     `json:"outside,omitempty"` // of them not of the hole's window
	Bad     int64     `json:"bad"`               // of them in quarantine
	Absent  int64     `json:"absent"`            // records of the lake that a full source did not have, marked as gone
	Moved   int64     `json:"moved"`             // marks left where records were before
	Closed  string    `json:"closed,omitempty"`  // the hole
	Receipt string    `json:"receipt,omitempty"` // what closed it
	Why     string    `json:"why,omitempty"`     // why absent records were left as they are
}

// backfill lands what a record was at an instant, for every record of the source, and commits it.
func (n *Node) backfill(ctx context.Context, a BackfillArgs, tell Tell) (done Backfilled, err error) {
	d, ok := n.registry.Dataset(a.Dataset)
	if !ok {
		return done, n.noDataset(a.Dataset)
	}
	sources := 0
	for _, named := range []bool{a.Scan, a.Export != "", a.File != ""} {
		if named {
			sources++
		}
	}
	switch {
	case d.Key.IsZero() || sources != 1:
		return done, fault.New(fault.Invalid, "a backfill wants a dataset with a key and one source: --scan, --export or --file")
	case a.Hole != "" && a.File != "":
		return done, fault.New(fault.Invalid, "a file closes no hole: nobody can say that it has all that changed in the hole's time; use --scan or an incremental export")
	}
	if err := a.check(); err != nil {
		return done, err
	}
	if !a.DryRun {
		ended, err := n.beginMending(ctx)
		if err != nil {
			return done, err
		}
		defer ended()
	}
	f := &filling{n: n, d: d, a: a, tell: tell}
	f.done.Dataset = d.Name
	err = n.working(ctx, f.run)
	return f.done, err
}

// errMending refuses a second one: both would land in one lane, or mend the same twice.
var errMending = fault.New(fault.Conflict, "another backfill or repair of this data folder is under way: wait for it, or stop it")

// maxSegments is what the embedded store divides a table into at most. DynamoDB takes more, and no machine reads so many at once.
const maxSegments = 4096

// check refuses what would be passed over in silence.
func (a BackfillArgs) check() error {
	switch {
	case a.File == "" && (!a.At.IsZero() || a.Full || a.Format != ""):
		return fault.New(fault.Invalid, "--at, --full and --format say what a file is: give them with --file")
	case !a.Scan && a.Afresh:
		return fault.New(fault.Invalid, "--afresh begins a scan anew: give it with --scan")
	case a.Rate < 0 || a.Capacity < 0 || a.Segments < 0:
		return fault.New(fault.Invalid, "--rate, --capacity and --segments cannot be below 0")
	case a.Segments > maxSegments: // a scan that began with them could only begin again
		return fault.New(fault.Invalid, "a scan has at most %d segments, not %d", maxSegments, a.Segments)
	}
	return nil
}

// source is what a backfill reads; it lands rows by f.one or by itself.
type source interface {
	// open fixes the id and the instant.
	open(ctx context.Context) error
	read(ctx context.Context) error
}

func (f *filling) source() source {
	switch {
	case f.a.Export != "":
		return &exportSource{filling: f}
	case f.a.File != "":
		return &fileSource{filling: f}
	default:
		return &scanSource{filling: f}
	}
}
