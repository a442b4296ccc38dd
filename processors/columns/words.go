package columns

import "encoding/binary"

const (
	word     = 16  // bytes that are copied at a time
	mostText = 128 // bytes of a text; longer ones are left to the runtime's copy, which is faster from there on
)

// copyWords copies the first n bytes of src, word by word: what lies behind them, up to a word, comes along, so both slices
// go on behind n. Texts are a few words long, and finding out how to copy so little takes longer than to copy it.
func copyWords(dst, src []byte, n int) {
	for k := 0; k < n; k += word {
		from, to := src[k:k+word:k+word], dst[k:k+word:k+word]
		a, b := binary.LittleEndian.Uint64(from), binary.LittleEndian.Uint64(from[8:])
		binary.LittleEndian.PutUint64(to, a)
		binary.LittleEndian.PutUint64(to[8:], b)
	}
}

// copyText copies src[from:to] to dst[at:], where dst has a word more than that.
func copyText(dst []byte, at int, src []byte, from, to int) {
	if n := to - from; n <= mostText && to+word <= len(src) {
		copyWords(dst[at:], src[from:], n)
		return
	}
	copy(dst[at:], src[from:to])
}
