package embedded

import (
	"context"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
)

// Records hands over the records of a shard after a sequence number as they are stored, at most limit of them. The page
// says what Read would say of them, and has no body. It is made for reading much: no event is put together, and the image
// before a change is only looked up for who asks.
func (s *Store) Records(ctx context.Context, stream string, wanted feed.Shard, after lake.Seq, limit int, each func(*feed.Record) error) (feed.Page, error) {
	return s.read(ctx, stream, wanted, after, limit, &recordReader{each: each})
}

var recordOps = [...]record.Op{opInsert: record.Insert, opModify: record.Modify, opRemove: record.Remove, opExpire: record.Expire}

// recordReader hands over records as they are.
type recordReader struct {
	snap   *pebble.Snapshot
	each   func(*feed.Record) error
	now    version
	lookUp func() ([]byte, error)
	out    feed.Record
}

func (r *recordReader) begin(snap *pebble.Snapshot) { r.snap, r.lookUp = snap, r.before }

func (r *recordReader) full() bool { return false }

func (r *recordReader) add(p place, text []byte) (err error) {
	if r.now, err = parseVersion(text); err != nil {
		return err
	}
	r.out = feed.Record{Seq: formatSeq(p.seq), Op: recordOps[r.now.op], At: time.UnixMilli(r.now.at).UTC(), Keys: r.now.keys}
	if len(r.now.image) > 0 {
		r.out.Now = r.now.image
	}
	if r.now.before.place != (place{}) || r.now.before.image != nil {
		r.out.Was = r.lookUp
	}
	return r.each(&r.out)
}

func (r *recordReader) before() ([]byte, error) {
	if r.now.before.image != nil {
		return r.now.before.image, nil
	}
	image, err := fetchVersion(r.snap, r.now.before.place)
	if err == nil && image == nil {
		err = errDamaged("the image before a change is missing")
	}
	return image, err
}
