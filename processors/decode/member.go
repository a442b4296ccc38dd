package decode

import "github.com/tarn-lake/tarn/internal/record"

// memberID names the members that every record has.
type memberID uint8

const (
	other memberID = iota
	eventID
	eventName
	eventVersion
	eventSource
	awsRegion
	changed
	userIdentity
	sourceARN
	createdAt
	keysImage
	newImage
	oldImage
	sequenceNumber
	sizeBytes
	viewType
)

func identify(level int, name []byte) memberID {
	if level == 0 {
		switch string(name) {
		case "eventID":
			return eventID
		case "eventName":
			return eventName
		case "eventVersion":
			return eventVersion
		case "eventSource":
			return eventSource
		case "awsRegion":
			return awsRegion
		case "dynamodb":
			return changed
		case "userIdentity":
			return userIdentity
		case "eventSourceARN":
			return sourceARN
		}
		return other
	}
	switch string(name) {
	case "ApproximateCreationDateTime":
		return createdAt
	case "Keys":
		return keysImage
	case "NewImage":
		return newImage
	case "OldImage":
		return oldImage
	case "SequenceNumber":
		return sequenceNumber
	case "SizeBytes":
		return sizeBytes
	case "StreamViewType":
		return viewType
	}
	return other
}

// memo is a member whose text was the same in the record before, and most likely is in the next one.
type memo struct {
	id    memberID
	name  []byte // as it stood, colon included
	raw   []byte // name and value as they stood; empty: the value is no constant
	value []byte
	op    record.Op
}

// Limits of what is remembered: members of an object, bytes of one of them.
const (
	maxMemos     = 16
	maxMemoBytes = 512
)

// recall takes the k-th member of a level over from the record before, if it stands here byte by byte.
func (d *Decoder) recall(level, k int) (memberID, bool) {
	if k >= maxMemos {
		return 0, false
	}
	r, m := &d.reader, &d.memos[level][k]
	if n := r.pos + len(m.raw); len(m.raw) == 0 || n > len(r.src) || string(r.src[r.pos:n]) != string(m.raw) {
		return 0, false
	}
	r.pos += len(m.raw)
	switch m.id {
	case eventName:
		d.head.op = m.op
	case awsRegion:
		d.head.region = m.value
	case viewType:
		d.head.view = m.value
	}
	return m.id, true
}

// recallName takes over the name of the k-th member of a level.
func (d *Decoder) recallName(level, k int) (memberID, bool) {
	if k >= maxMemos {
		return 0, false
	}
	r, m := &d.reader, &d.memos[level][k]
	if n := r.pos + len(m.name); len(m.name) == 0 || n > len(r.src) || string(r.src[r.pos:n]) != string(m.name) {
		return 0, false
	}
	r.pos += len(m.name)
	return m.id, true
}

// rememberName keeps the name of a member that every record has.
func (d *Decoder) rememberName(level, k int, id memberID, from int) {
	raw := d.reader.src[from:d.reader.pos]
	if k >= maxMemos || len(raw) > maxMemoBytes {
		return
	}
	m := &d.memos[level][k]
	if m.id, m.raw, m.name = id, m.raw[:0], m.name[:0]; id != other {
		m.name = append(m.name, raw...)
	}
}

// remember keeps a member that has been read, if it is one of those that hardly change.
func (d *Decoder) remember(level, k int, id memberID, from int) {
	switch id {
	case eventName, eventVersion, eventSource, sourceARN, awsRegion, viewType:
	default:
		return
	}
	raw := d.reader.src[from:d.reader.pos]
	if k >= maxMemos || len(raw) > maxMemoBytes || raw[len(raw)-1] != '"' {
		return
	}
	m := &d.memos[level][k]
	m.id, m.op, m.raw, m.value = id, d.head.op, append(m.raw[:0], raw...), m.value[:0]
	switch id {
	case awsRegion:
		m.value = append(m.value, d.head.region...)
	case viewType:
		m.value = append(m.value, d.head.view...)
	}
}
