package embedded

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
)

// Bounds of one read of the feed.
const (
	defaultRecords = 1000
	maxBodyBytes   = 6 << 20 // as much as a Lambda function is handed
)

// seqBase is put before a sequence number so that it has the digits of a DynamoDB one and no zeros in front.
const seqBase = "100000000000000000000"

// feedState is what readers of a stream share with the writer. The store's mutex guards it.
type feedState struct {
	last    uint64 // newest sequence number of the stream
	told    uint64 // of what Wait has returned for
	changed chan struct{}
	trimmed map[uint32]uint64 // by shard: records up to here are gone
}

func newFeedState() *feedState {
	return &feedState{changed: make(chan struct{}), trimmed: map[uint32]uint64{}}
}

// wake tells those who wait that there is something new.
func (f *feedState) wake(seq uint64) {
	f.last = max(f.last, seq)
	close(f.changed)
	f.changed = make(chan struct{})
}

// appendSeq appends a sequence number as readers see it.
func appendSeq(dst []byte, seq uint64) []byte {
	var digits [20]byte
	text := strconv.AppendUint(digits[:0], seq, 10)
	dst = append(dst, seqBase[:len(seqBase)-len(text)]...)
	return append(dst, text...)
}

func formatSeq(seq uint64) lake.Seq {
	var text [lake.SeqDigits]byte
	for i := range text {
		text[i] = '0'
	}
	return lake.Seq(appendSeq(text[:lake.SeqDigits-len(seqBase)], seq))
}

// parseSeq is the inverse of formatSeq; what lies before the first number is 0, what lies after the last is the last.
func parseSeq(seq lake.Seq) (uint64, error) {
	if seq == "" {
		return 0, nil
	}
	if !seq.Valid() {
		return 0, fault.New(fault.Invalid, "%q is not a sequence number of %d digits", seq, lake.SeqDigits)
	}
	text := seq.Short()
	switch {
	case len(text) < len(seqBase):
		return 0, nil
	case len(text) > len(seqBase) || text[0] != '1':
		return math.MaxUint64 - 1, nil
	}
	n, err := strconv.ParseUint(text[1:], 10, 64)
	if err != nil || n == math.MaxUint64 {
		return math.MaxUint64 - 1, nil
	}
	return n, nil
}

// Shards returns the stream's shards that hold records or are open, parents before children.
func (s *Store) Shards(ctx context.Context, stream string) ([]feed.Shard, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	st := s.catalog.Load().streams[stream]
	if st == nil {
		return nil, errNoStream(stream)
	}
	return st.public(), nil
}

// view is what a reader may see at one moment.
type view struct {
	shard   shard
	visible uint64
	trimmed uint64
	now     int64
}

// look fixes what a read may see. From then on no change is made before the time that it returns.
func (s *Store) look(stream string, wanted feed.Shard) (view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.catalog.Load().streams[stream]
	if st == nil {
		return view{}, errNoStream(stream)
	}
	if wanted.Label != st.Label {
		return view{}, fault.New(fault.NotFound, "stream %s has the label %s, not %s", stream, st.Label, wanted.Label)
	}
	sh, err := st.named(wanted.ID)
	if err != nil {
		return view{}, err
	}
	v := view{shard: sh, visible: s.durable, trimmed: s.feeds[stream].trimmed[sh.Number]}
	if len(s.inflight) > 0 {
		v.now = s.inflight[0]
	} else {
		s.floor = max(s.floor, s.opts.Now().UnixMilli())
		v.now = s.floor
	}
	return v, nil
}

// Read returns the records of a shard after a sequence number, in order: at most limit of them, fewer where they are
// large. It can read any position again until Trim has passed it; a position before that is NotFound.
func (s *Store) Read(ctx context.Context, stream string, wanted feed.Shard, after lake.Seq, limit int) (feed.Page, error) {
	w := pageWriter{cat: s.catalog.Load()}
	page, err := s.read(ctx, stream, wanted, after, limit, &w)
	if err == nil && page.Records > 0 {
		page.Body = w.end()
	}
	return page, err
}

// taker is what becomes of the records of a read.
type taker interface {
	begin(snap *pebble.Snapshot)
	full() bool
	add(p place, text []byte) error
}

func (s *Store) read(ctx context.Context, stream string, wanted feed.Shard, after lake.Seq, limit int, to taker) (page feed.Page, err error) {
	if err := ctx.Err(); err != nil {
		return page, err
	}
	from, err := parseSeq(after)
	if err != nil {
		return page, err
	}
	seen, err := s.look(stream, wanted)
	if err != nil {
		return page, err
	}
	if err := s.enter(); err != nil {
		return page, err
	}
	defer s.leave()
	snap := s.db.NewSnapshot()
	defer func() { err = joinClose(err, snap) }()
	// Trimming says what is gone before it deletes, so a look after the snapshot knows of all that the snapshot lacks.
	again, err := s.look(stream, wanted)
	if err != nil {
		return page, err
	}
	if after != "" && from < again.trimmed {
		return page, fault.New(fault.NotFound, "the records of shard %s after %s are no longer kept", wanted.ID, after.Short())
	}
	if limit <= 0 {
		limit = defaultRecords
	}
	to.begin(snap)
	return readShard(snap, seen, max(from, again.trimmed), limit, to)
}

func readShard(snap *pebble.Snapshot, seen view, from uint64, limit int, to taker) (page feed.Page, err error) {
	var last uint64
	it, err := snap.NewIter(&pebble.IterOptions{
		LowerBound: place{seen.shard.Number, from + 1}.key(),
		UpperBound: place{seen.shard.Number, max(from, seen.visible) + 1}.key(),
	})
	if err != nil {
		return page, errEngine(err)
	}
	defer func() { err = joinClose(err, it) }()
	newest := true
	for ok := it.First(); ok; ok = it.Next() {
		if page.Records == limit || to.full() {
			newest = false
			break
		}
		p := parsePlace(it.Key()[1:])
		if err := to.add(p, it.Value()); err != nil {
			return feed.Page{}, err
		}
		if page.Records == 0 {
			page.First = formatSeq(p.seq)
		}
		last = p.seq
		page.Records++
	}
	if err := it.Error(); err != nil {
		return feed.Page{}, errEngine(err)
	}
	if page.Records > 0 {
		page.Last = formatSeq(last)
	}
	if newest {
		page.End = seen.shard.closed() && seen.visible >= seen.shard.End
		page.Now = time.UnixMilli(seen.now).UTC()
	}
	return page, nil
}

// Wait returns at once if the stream got records since the last Wait for it returned, else when it gets some or ctx is
// done. So a single goroutine that waits and then reads all shards misses nothing; of several, each is woken by what
// comes while it waits.
func (s *Store) Wait(ctx context.Context, stream string) error {
	for {
		s.mu.Lock()
		f := s.feeds[stream]
		if f == nil {
			s.mu.Unlock()
			return errNoStream(stream)
		}
		changed, fresh := f.changed, f.last > f.told
		f.told = f.last
		s.mu.Unlock()
		if fresh {
			return nil
		}
		select {
		case <-changed:
			s.mu.Lock()
			f.told = f.last
			s.mu.Unlock()
			return nil
		case <-ctx.Done():
			return fmt.Errorf("wait for changes of %s: %w", stream, ctx.Err())
		case <-s.closed:
			return errClosed()
		}
	}
}
