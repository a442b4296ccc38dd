package embedded

import (
	"encoding/binary"

	"github.com/tarn-lake/tarn/internal/fault"
)

// op is what a change did.
type op byte

const (
	opInsert op = iota + 1
	opModify
	opRemove
	opExpire
)

var opNames = [...]string{opInsert: "INSERT", opModify: "MODIFY", opRemove: "REMOVE", opExpire: "REMOVE"}

// version is a change's feed record, and the image that the changed item has from then on.
type version struct {
	op      op
	table   uint16
	at      int64 // change time in milliseconds, as readers are told
	written int64 // when it was really made, for retention
	before  before
	keys    []byte // key attributes as DynamoDB JSON
	image   []byte // the new image as DynamoDB JSON; empty for a removal
}

// before is the image that a change replaced: none, a version, or an image that no version holds.
type before struct {
	place place
	image []byte
}

// The kinds of before, in the upper half of a version's first byte.
const (
	beforeNone  = 0x00
	beforePlace = 0x10
	beforeImage = 0x20
	opMask      = 0x0f
)

func (v *version) appendTo(dst []byte) []byte {
	switch {
	case v.before.place != place{}:
		dst = append(dst, byte(v.op)|beforePlace)
	case v.before.image != nil:
		dst = append(dst, byte(v.op)|beforeImage)
	default:
		dst = append(dst, byte(v.op)|beforeNone)
	}
	dst = binary.BigEndian.AppendUint16(dst, v.table)
	dst = binary.BigEndian.AppendUint64(dst, uint64(v.at))
	dst = binary.BigEndian.AppendUint64(dst, uint64(v.written))
	switch {
	case v.before.place != place{}:
		dst = v.before.place.appendTo(dst)
	case v.before.image != nil:
		dst = appendBytes(dst, v.before.image)
	}
	dst = appendBytes(dst, v.keys)
	return append(dst, v.image...)
}

// parseVersion is the inverse of appendTo. The version shares b.
func parseVersion(b []byte) (v version, err error) {
	const fixed = 1 + 2 + 8 + 8
	if len(b) < fixed {
		return v, errDamaged("a change record is cut short")
	}
	v.op = op(b[0] & opMask)
	kind := b[0] &^ opMask
	v.table = binary.BigEndian.Uint16(b[1:])
	v.at = int64(binary.BigEndian.Uint64(b[3:]))
	v.written = int64(binary.BigEndian.Uint64(b[11:]))
	b = b[fixed:]
	ok := v.op >= opInsert && v.op <= opExpire
	switch kind {
	case beforeNone:
	case beforePlace:
		if ok = ok && len(b) >= placeLen; ok {
			v.before.place, b = parsePlace(b), b[placeLen:]
		}
	case beforeImage:
		v.before.image, b, ok = cutBytes(b, ok)
	default:
		ok = false
	}
	v.keys, v.image, ok = cutBytes(b, ok)
	if !ok {
		return v, errDamaged("a change record is malformed")
	}
	return v, nil
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func cutBytes(b []byte, ok bool) (head, rest []byte, good bool) {
	n, w := binary.Uvarint(b)
	if !ok || w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, false
	}
	return b[w : w+int(n)], b[w+int(n):], true
}

// The first byte of an item's value.
const (
	itemInline = 1 // the image follows
	itemPlaced = 2 // the place of the version follows
)

// errDamaged answers data that this program cannot have written.
func errDamaged(what string) error {
	return fault.New(fault.Internal, "the store is damaged: %s", what)
}
