package verify

// masks is what the lake keeps of masked texts. It remembers the last ones, each at the hash of its text: plates, phones
// and names come many times. It is not safe for concurrent use.
type masks struct {
	of    func(string) string
	short []shortMask
	long  [][2]string // the text and its mask
}

// shortMask is a mask that lies in one line of the processor's cache with its text, so that finding it waits for memory
// once.
type shortMask struct {
	text       [30]byte
	mask       [32]byte
	size, made uint8 // of text and mask; made zero: nothing is here
}

// knownMasks is how many masks of a kind are remembered.
const knownMasks = 1 << 15

func newMasks(of func(string) string) *masks { return &masks{of: of} }

// replace replaces the text from a place on by what the lake keeps of it.
func (m *masks) replace(b []byte, from int) []byte {
	text := b[from:]
	at := Hash(text) % knownMasks
	if len(text) > len(shortMask{}.text) {
		return append(b[:from], m.longer(at, text)...)
	}
	if m.short == nil {
		m.short = make([]shortMask, knownMasks)
	}
	s := &m.short[at]
	if s.made > 0 && string(s.text[:s.size]) == string(text) {
		return append(b[:from], s.mask[:s.made]...)
	}
	made := m.of(string(text))
	if len(made) <= len(s.mask) {
		s.size, s.made = uint8(copy(s.text[:], text)), uint8(copy(s.mask[:], made))
	}
	return append(b[:from], made...)
}

func (m *masks) longer(at uint64, text []byte) string {
	if m.long == nil {
		m.long = make([][2]string, knownMasks)
	}
	if known := &m.long[at]; known[1] == "" || known[0] != string(text) {
		plain := string(text)
		*known = [2]string{plain, m.of(plain)}
	}
	return m.long[at][1]
}
