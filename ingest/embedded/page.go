package embedded

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"strconv"

	"github.com/cockroachdb/pebble/v2"
)

// pageWriter puts together a stream event from stored bytes.
type pageWriter struct {
	cat   *catalog
	snap  *pebble.Snapshot
	body  []byte
	table *table // of the record before
	tail  []byte // what ends every record of the table
	hash  uint64 // of the stream's label, for event ids
}

const ttlIdentity = `,"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}`

func (w *pageWriter) begin(snap *pebble.Snapshot) { w.snap = snap }

func (w *pageWriter) full() bool { return len(w.body) > maxBodyBytes }

// add appends a record.
func (w *pageWriter) add(p place, text []byte) error {
	v, err := parseVersion(text)
	if err != nil {
		return err
	}
	if w.table == nil || w.table.ID != v.table {
		if err := w.turn(v.table); err != nil {
			return err
		}
	}
	old := v.before.image
	if v.before.place != (place{}) {
		if old, err = fetchVersion(w.snap, v.before.place); err != nil {
			return err
		}
		if old == nil {
			return errDamaged("the image before a change is missing")
		}
	}
	b := w.body
	if b == nil {
		b = append(make([]byte, 0, 16<<10), `{"Records":[`...)
	} else {
		b = append(b, ',')
	}
	b = append(b, `{"eventID":"`...)
	b = w.appendID(b, p)
	b = append(b, `","eventName":"`...)
	b = append(b, opNames[v.op]...)
	b = append(b, `","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"local","dynamodb":{"ApproximateCreationDateTime":`...)
	b = appendSeconds(b, v.at)
	b = append(b, `,"Keys":`...)
	b = append(b, v.keys...)
	if len(v.image) > 0 {
		b = append(append(b, `,"NewImage":`...), v.image...)
	}
	if old != nil {
		b = append(append(b, `,"OldImage":`...), old...)
	}
	b = append(b, `,"SequenceNumber":"`...)
	b = appendSeq(b, p.seq)
	b = append(b, `","SizeBytes":`...)
	b = strconv.AppendInt(b, int64(len(v.keys)+len(v.image)+len(old)), 10)
	b = append(b, `,"StreamViewType":"NEW_AND_OLD_IMAGES"}`...)
	if v.op == opExpire {
		b = append(b, ttlIdentity...)
	}
	w.body = append(b, w.tail...)
	return nil
}

// end returns the event.
func (w *pageWriter) end() []byte { return append(w.body, "]}"...) }

// turn prepares what is the same for all records of a table.
func (w *pageWriter) turn(id uint16) error {
	t := w.cat.byID[id]
	if t == nil {
		return errDamaged("a change record of no table")
	}
	st := w.cat.streams[t.Def.Stream]
	if st == nil {
		return errDamaged("a change record of a table without stream")
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(st.Name + "/" + st.Label)) // never fails
	w.table, w.hash = t, h.Sum64()
	arn := "arn:aws:dynamodb:local:000000000000:table/" + t.Def.Name + "/stream/" + st.Label
	w.tail = append(strconv.AppendQuote([]byte(`,"eventSourceARN":`), arn), '}')
	return nil
}

// appendID appends an id that no other record of any stream has.
func (w *pageWriter) appendID(dst []byte, p place) []byte {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:], w.hash)
	binary.BigEndian.PutUint64(id[8:], p.seq)
	return hex.AppendEncode(dst, id[:])
}

// appendSeconds appends milliseconds as seconds with three decimals.
func appendSeconds(dst []byte, ms int64) []byte {
	if ms < 0 {
		dst, ms = append(dst, '-'), -ms
	}
	dst = strconv.AppendInt(dst, ms/1000, 10)
	rest := ms % 1000
	return append(dst, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
}
