package decode

// What stands around the images of a record when nothing is unusual about it, as the stream itself writes records.
const (
	frameID     = `{"eventID":"`
	frameName   = `,"eventName":"`
	frameChange = `,"dynamodb":{"ApproximateCreationDateTime":`
	frameKeys   = `,"Keys":{`
	frameNow    = `,"NewImage":`
	frameWas    = `,"OldImage":`
	frameSeq    = `,"SequenceNumber":"`
	frameSize   = `,"SizeBytes":`
	frameView   = `,"StreamViewType":`
	frameSource = `},"eventSourceARN":`
)

// framed reads a record. What stands around its images is compared with the record before rather than read, as long as it
// is alike; from where it is not, it is read member by member.
func (d *Decoder) framed() bool {
	const outside = 1<<eventID | 1<<eventName | usualStretch | 1<<changed
	r, start, mark := &d.reader, d.reader.pos, len(d.reader.names)
	at := d.frameHead()
	if at < 0 {
		r.pos, r.why, d.head = start, "", head{}
		return d.members(0)
	}
	inside := uint32(1<<createdAt | 1<<keysImage)
	if r.passes(frameNow) {
		if inside |= 1 << newImage; !d.read(newImage, 1) {
			return false
		}
	}
	if r.passes(frameWas) {
		if inside |= 1 << oldImage; !d.read(oldImage, 1) {
			return false
		}
	}
	return d.frameTail() || d.others(1, at, mark, inside, false) && d.others(0, start, mark, outside, false)
}

// frameHead reads up to the images and returns where the object dynamodb begins; -1: something is unusual.
func (d *Decoder) frameHead() int {
	r := &d.reader
	if !r.passes(frameID) {
		return -1
	}
	if _, ok := r.rest(); !ok || !r.passes(frameName) {
		return -1
	}
	if r.pos--; !d.operation() || !d.recallStretch() || !r.passes(frameChange) {
		return -1
	}
	at := r.pos - len(frameChange) + len(`,"dynamodb":`)
	if !d.instant() || !r.passes(frameKeys) {
		return -1
	}
	r.pos--
	d.head.keys = int32(r.pos)
	if !d.usualKeys() && !r.skip(2) {
		return -1
	}
	return at
}

// frameTail reads from behind the images to the end of the record. Where something is unusual it reads nothing.
func (d *Decoder) frameTail() bool {
	r, start := &d.reader, d.reader.pos
	if r.passes(frameSeq) {
		if s, ok := r.rest(); ok && d.head.sequence(r.src[s.from:s.to]) && r.passes(frameSize) {
			v, n := digitsOf(r.src[r.pos:])
			if r.pos += n; n > 0 && v >= 0 && len(d.tail) > 0 && r.passes(d.tail) {
				view := d.memos[viewType]
				d.head.view = view[1 : len(view)-1]
				return true
			}
		}
	}
	r.pos, r.why, d.head.hasSeq = start, "", false
	return false
}

// rememberTail keeps how a record ends whose last members are as usual.
func (d *Decoder) rememberTail() {
	if view, source := d.memos[viewType], d.memos[sourceARN]; len(view) > 0 && len(source) > 0 {
		d.tail = frameView + string(view) + frameSource + string(source) + "}"
	}
}

// passes consumes text if it stands next.
func (r *reader) passes(text string) bool {
	if end := r.pos + len(text); end <= len(r.src) && string(r.src[r.pos:end]) == text {
		r.pos = end
		return true
	}
	return false
}
