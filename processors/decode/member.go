package decode

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

// memberNames are the names as they stand in an event without white space, with the first byte of the value where that
// is always the same.
var memberNames = [...]literal{
	eventID: literalOf(`"eventID":`), eventName: literalOf(`"eventName":`), eventVersion: literalOf(`"eventVersion":`),
	eventSource: literalOf(`"eventSource":`), awsRegion: literalOf(`"awsRegion":`), changed: literalOf(`"dynamodb":`),
	userIdentity: literalOf(`"userIdentity":`), sourceARN: literalOf(`"eventSourceARN":`),
	createdAt: literalOf(`"ApproximateCreationDateTime":`), keysImage: literalOf(`"Keys":{`), newImage: literalOf(`"NewImage":`),
	oldImage: literalOf(`"OldImage":`), sequenceNumber: literalOf(`"SequenceNumber":`), sizeBytes: literalOf(`"SizeBytes":`),
	viewType: literalOf(`"StreamViewType":`),
}

// likely tells by two letters which member may begin here.
func likely(b []byte) memberID {
	switch b[1] {
	case 'e':
		switch b[6] {
		case 'I':
			return eventID
		case 'N':
			return eventName
		case 'V':
			return eventVersion
		case 'S':
			if b[12] == '"' {
				return eventSource
			}
			return sourceARN
		}
	case 'a':
		return awsRegion
	case 'd':
		return changed
	case 'A':
		return createdAt
	case 'K':
		return keysImage
	case 'N':
		return newImage
	case 'O':
		return oldImage
	case 'S':
		switch b[6] {
		case 'n':
			return sequenceNumber
		case 'y':
			return sizeBytes
		case 'm':
			return viewType
		}
	}
	return other
}

// usualName reads the name of a member of a level, colon included, if it is one that every record has and stands here as
// usual.
func (r *reader) usualName(level int) memberID {
	const enough = 32 // no name is longer
	if len(r.src)-r.pos < enough {
		return other
	}
	id := likely(r.src[r.pos : r.pos+enough])
	name := &memberNames[id]
	if id == other || (id > sourceARN) != (level > 0) || !name.begins(r.src[r.pos:]) {
		return other
	}
	if r.pos += len(name.text); id == keysImage {
		r.pos--
	}
	return id
}

// maxMemoBytes is how long a remembered value may be.
const maxMemoBytes = 512

// recall takes over a member's value from the record before, if it stands here byte by byte: most records are alike in
// what describes the stream.
func (d *Decoder) recall(id memberID) bool {
	r, m := &d.reader, d.memos[id]
	if n := r.pos + len(m); len(m) == 0 || n > len(r.src) || string(r.src[r.pos:n]) != string(m) {
		return false
	}
	r.pos += len(m)
	return true
}

// remember keeps the text from there to here, quotes included, as the value of a member.
func (d *Decoder) remember(id memberID, from int) {
	if raw := d.reader.src[from:d.reader.pos]; len(raw) <= maxMemoBytes {
		d.memos[id] = append(d.memos[id][:0], raw...)
		if id == viewType || id == sourceARN {
			d.rememberTail()
		}
	}
}

// label reads a text that hardly ever changes and returns its content, which stays valid until it is read again.
func (d *Decoder) label(id memberID) ([]byte, bool) {
	r := &d.reader
	r.space()
	if d.recall(id) {
		m := d.memos[id]
		return m[1 : len(m)-1], true
	}
	from := r.pos
	s, ok := r.string_()
	if !ok {
		return nil, false
	}
	if !s.escaped {
		d.remember(id, from)
	}
	return r.bytes(s), true
}

// usualStretch are the members that usually follow eventName and say the same in every record of a stream.
const usualStretch = 1<<eventVersion | 1<<eventSource | 1<<awsRegion

// stretch is how they stood in a record, and what the region was.
type stretch struct{ text, region []byte }

// recallStretch takes all of them over at once, if they stand here as in an earlier record.
func (d *Decoder) recallStretch() bool {
	r, text := &d.reader, d.stretch.text
	if n := r.pos + len(text); len(text) == 0 || n > len(r.src) || string(r.src[r.pos:n]) != string(text) {
		return false
	}
	r.pos += len(text)
	d.head.region = d.stretch.region
	return true
}

// rememberStretch keeps the text since start, if it is these members as usual with nothing between.
func (d *Decoder) rememberStretch(start int) {
	raw, b := d.reader.src[start:d.reader.pos], d.scratch[:0]
	for id := eventVersion; id <= awsRegion; id++ {
		b = append(append(append(b, ','), memberNames[id].text...), d.memos[id]...)
	}
	if d.scratch = b; string(raw) != string(b) {
		return
	}
	region := d.memos[awsRegion]
	d.stretch.text = append(d.stretch.text[:0], b...)
	d.stretch.region = append(d.stretch.region[:0], region[1:len(region)-1]...)
}
