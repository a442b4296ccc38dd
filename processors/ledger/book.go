// Package ledger keeps the story of every commit. A commit says it first in its own snapshot's summary; from there it is
// copied into the ledger's table before the snapshot expires. The ledger also has the lanes that left the watermarks long
// ago, and the holes, each from when it was found to when it was closed.
package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
)

// Files is where the ledger's files lie, and the entries that did not fit into a summary.
type Files interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, body []byte) error
	Delete(ctx context.Context, key string) error
	Open(ctx context.Context, key string) (interface {
		io.ReaderAt
		io.Closer
	}, int64, error)
}

// Tables opens or creates tables.
type Tables interface {
	Table(ctx context.Context, spec tables.Spec) (*tables.Table, error)
}

// Options tune a Book. The zero value works.
type Options struct {
	Now   func() time.Time // nil: time.Now
	NewID func() string    // unique names; nil: random
}

// Book is the ledger of one lake. It is safe for concurrent use, and several may write to the same lake.
type Book struct {
	files Files
	table *tables.Table
	opts  Options

	mu   sync.Mutex
	last noted // what was asked for last
}

// Open opens the ledger, or begins it.
func Open(ctx context.Context, files Files, tabs Tables, opts Options) (*Book, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.NewID == nil {
		opts.NewID = rand.Text
	}
	t, err := tabs.Table(ctx, tables.Ledger())
	if err != nil {
		return nil, err
	}
	return &Book{files: files, table: t, opts: opts}, nil
}

// Table returns the ledger's own table, which wants the upkeep of any other.
func (b *Book) Table() *tables.Table { return b.table }

const attempts = 20 // against others who write to the ledger

// page is what one commit adds to the ledger.
type page struct {
	rows   []row
	marks  lake.Watermarks // by table: the sequence number of its newest snapshot that is told
	holes  []lake.Hole     // all that are open afterwards; nil: as before
	remove []string        // objects that are not needed once it is there
}

// write commits what make makes of the ledger as it is, as often as somebody else was first. A page without rows writes
// nothing.
func (b *Book) write(ctx context.Context, make func(context.Context, *tables.Snapshot) (page, error)) error {
	var err error
	for range attempts {
		base, err := b.table.Snapshot(ctx)
		if err != nil {
			return err
		}
		p, err := make(ctx, base)
		if err != nil || len(p.rows) == 0 {
			return err
		}
		if err = b.append(ctx, base, p); err == nil || !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return fault.Wrap(fault.Transient, err, "the ledger is written to by others all the time; try again")
}

func (b *Book) append(ctx context.Context, base *tables.Snapshot, p page) error {
	files, err := b.encode(ctx, p.rows, base.Commit+1)
	if err != nil {
		return err
	}
	u := tables.Update{Marker: b.opts.NewID(), Commit: base.Commit + 1, Watermarks: p.marks}
	if p.holes != nil {
		if u.Properties, err = holesProperty(p.holes); err != nil {
			return err
		}
	}
	if _, err := b.table.Append(ctx, base, files, u); err != nil {
		for _, f := range files {
			if key, bad := lake.ParseURL(f.URL); bad == nil {
				err = errors.Join(err, b.files.Delete(ctx, key))
			}
		}
		return err
	}
	for _, key := range p.remove { // what stays is removed by whoever copies next
		if err := b.files.Delete(ctx, key); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}
