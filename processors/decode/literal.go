package decode

import "encoding/binary"

// literal is a text that is looked for at one place, three words at once: the first, the last and the one before it.
type literal struct {
	text                string // shorter than a word: it is never found
	first, middle, last uint64
	at                  int // of the middle word
}

const wordBytes = 8

func literalOf(text string) literal {
	b := []byte(text)
	l := literal{text: text, at: max(0, len(b)-2*wordBytes)}
	if len(b) < wordBytes {
		return l
	}
	l.first, l.middle, l.last = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[l.at:]), binary.LittleEndian.Uint64(b[len(b)-wordBytes:])
	return l
}

// begins reports whether b, with at least one byte more, begins with the literal.
func (l *literal) begins(b []byte) bool {
	n := len(l.text)
	if len(b) <= n || n < wordBytes {
		return false
	}
	return binary.LittleEndian.Uint64(b) == l.first && binary.LittleEndian.Uint64(b[n-wordBytes:]) == l.last &&
		binary.LittleEndian.Uint64(b[l.at:]) == l.middle && (n <= 3*wordBytes || string(b[wordBytes:n-2*wordBytes]) == l.text[wordBytes:n-2*wordBytes])
}
