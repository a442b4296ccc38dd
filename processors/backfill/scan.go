package backfill

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// ProgressFormat is the form of the progress that this program writes.
const ProgressFormat = 1

const (
	pageItems = 500 // of one page; DynamoDB ends it at a megabyte
	tries     = 6   // of one page that the store is too busy for
)

// Store is what is scanned, in strongly consistent pages.
type Store interface {
	Scan(ctx context.Context, q ingest.Scan) (ingest.Page, error)
}

// Progress is how far a scan is: what lies before it has landed. It is kept beside what has landed, so that a scan goes on
// where it stopped.
type Progress struct {
	Format   int       `json:"format"`
	ID       string    `json:"id"`
	At       time.Time `json:"at"` // the scan's instant
	Read     int64     `json:"read"`
	Segments []Segment `json:"segments"`
}

// Segment is how far a part of the table is.
type Segment struct {
	After json.RawMessage `json:"after,omitempty"` // the key that was read last, DynamoDB JSON; empty: none
	Done  bool            `json:"done,omitempty"`
}

// NewProgress returns that of a scan that begins.
func NewProgress(id string, at time.Time, segments int) *Progress {
	return &Progress{Format: ProgressFormat, ID: id, At: at, Segments: make([]Segment, segments)}
}

// ParseProgress is the inverse of json.Marshal. Invalid: it is damaged, or of a form that this program does not know.
func ParseProgress(text []byte) (*Progress, error) {
	var p Progress
	if err := json.Unmarshal(text, &p); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the progress of a scan cannot be read")
	}
	if p.Format != ProgressFormat || p.ID == "" || len(p.Segments) == 0 {
		return nil, fault.New(fault.Invalid, "the progress of a scan has format %d; this program knows format %d", p.Format, ProgressFormat)
	}
	return &p, nil
}

// page is what one segment has read.
type page struct {
	segment int
	ingest.Page
}

// Scan reads what the progress has not behind it, all segments at once, and hands over page after page. The progress is
// moved on after each, so whoever makes pages durable in each may keep it there, as of the page before.
func Scan(ctx context.Context, s Store, table string, p *Progress, wait func(context.Context, time.Duration) error, each func(ingest.Page) error) error {
	keys := make([]record.Item, len(p.Segments))
	for i := range p.Segments {
		var err error
		if keys[i], err = parseKey(p.Segments[i].After); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	pages := make(chan page)
	for i := range p.Segments {
		if p.Segments[i].Done {
			continue
		}
		q := ingest.Scan{Table: table, Segment: i, Segments: len(p.Segments), After: keys[i], Limit: pageItems}
		g.Go(func() error { return segment(ctx, s, q, wait, pages) })
	}
	var read error
	go func() { read = g.Wait(); close(pages) }()
	var failed error
	for got := range pages {
		if failed != nil {
			continue // the readers end, since their context has
		}
		if failed = each(got.Page); failed == nil {
			p.move(got)
			continue
		}
		stop()
	}
	return cmp.Or(failed, read)
}

func (p *Progress) move(got page) {
	p.Read += int64(len(got.Items))
	if p.Segments[got.segment] = (Segment{Done: true}); got.Last != nil {
		p.Segments[got.segment] = Segment{After: record.AppendItem(nil, got.Last)}
	}
}

func parseKey(text json.RawMessage) (record.Item, error) {
	if len(text) == 0 {
		return nil, nil //nolint:nilnil // no key is where a segment begins
	}
	key, err := record.ParseItem(text)
	if err != nil {
		return nil, fmt.Errorf("read the progress of a scan: %w", err)
	}
	return key, nil
}

// segment reads one part of the table to its end.
func segment(ctx context.Context, s Store, q ingest.Scan, wait func(context.Context, time.Duration) error, to chan<- page) error {
	for {
		got, err := patient(ctx, s, q, wait)
		if err != nil {
			return err
		}
		select {
		case to <- page{q.Segment, got}:
		case <-ctx.Done():
			return ctx.Err()
		}
		if got.Last == nil {
			return nil
		}
		q.After = got.Last
	}
}

// patient reads a page, and waits where the store is too busy.
func patient(ctx context.Context, s Store, q ingest.Scan, wait func(context.Context, time.Duration) error) (ingest.Page, error) {
	pause := time.Second
	for n := 1; ; n++ {
		got, err := s.Scan(ctx, q)
		if n == tries || !fault.Is(err, fault.Transient) {
			return got, err
		}
		if err := wait(ctx, pause); err != nil {
			return got, err
		}
		pause *= 2
	}
}
