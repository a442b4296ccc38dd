package decode

// skip reads any JSON value.
func (r *reader) skip(depth int) bool {
	switch c := r.peek(); c {
	case '"':
		_, ok := r.string_()
		return ok
	case '{':
		return r.skipObject(depth)
	case '[':
		return r.skipArray(depth)
	case 't':
		return r.word("true")
	case 'f':
		return r.word("false")
	case 'n':
		return r.word("null")
	default:
		_, ok := r.number()
		return ok
	}
}

func (r *reader) skipObject(depth int) bool {
	at, mark := r.pos, len(r.names)
	if depth >= maxJSONDepth {
		return r.fail(r.pos, "values are nested deeper than 80 levels")
	}
	r.pos++
	for first := true; ; first = false {
		another, ok := r.more(first, '}')
		if !ok {
			return false
		}
		if !another {
			return r.distinct(mark, at, twice)
		}
		if _, _, ok := r.name(); !ok || !r.skip(depth+1) {
			return false
		}
	}
}

func (r *reader) skipArray(depth int) bool {
	if depth >= maxJSONDepth {
		return r.fail(r.pos, "values are nested deeper than 80 levels")
	}
	r.pos++
	for first := true; ; first = false {
		another, ok := r.more(first, ']')
		if !ok || !another {
			return ok
		}
		if !r.skip(depth + 1) {
			return false
		}
	}
}

// word reads a literal.
func (r *reader) word(w string) bool {
	if len(r.src)-r.pos < len(w) || string(r.src[r.pos:r.pos+len(w)]) != w {
		return r.unexpected(w)
	}
	r.pos += len(w)
	return true
}

// number reads a JSON number.
func (r *reader) number() (s span, ok bool) {
	r.space()
	start := r.pos
	if v, n := digitsOf(r.src[start:]); n > 0 && v >= 0 && start+n < len(r.src) && (r.src[start+n] == ',' || r.src[start+n] == '}') {
		r.pos += n
		return span{from: int32(start), to: int32(r.pos)}, true
	}
	i := start
	digits := func() bool {
		from := i
		for i < len(r.src) && r.src[i] >= '0' && r.src[i] <= '9' {
			i++
		}
		return i > from
	}
	at := func(c byte) bool { return i < len(r.src) && r.src[i] == c }
	if at('-') {
		i++
	}
	if at('0') {
		i++
	} else if !digits() {
		return s, r.unexpected("value")
	}
	if at('.') {
		if i++; !digits() {
			return s, r.fail(i, "a number has no digit after its point")
		}
	}
	if at('e') || at('E') {
		if i++; at('+') || at('-') {
			i++
		}
		if !digits() {
			return s, r.fail(i, "a number has no digit in its exponent")
		}
	}
	r.pos = i
	return span{from: int32(start), to: int32(i)}, true
}
