package decode

// rest parks everything from at on: no record can be told from another there.
func (e *event) rest(at int) {
	for at < e.end && e.reader.src[at] <= ' ' {
		at++
	}
	e.head, e.name = head{}, ""
	e.parkBytes(at, e.end)
	e.reader.pos = e.end
}

// park sets the record at aside and goes on behind it. It reports whether there is a place to go on.
func (e *event) park(at int) bool {
	end := e.boundary(at)
	if end < 0 {
		e.parkBytes(at, e.end)
		e.reader.pos = e.end
		return false
	}
	e.parkBytes(at, end)
	e.reader.pos = end
	return true
}

// boundary looks for the end of the record at: the comma or bracket behind as many closing brackets as opening ones,
// strings left out. -1: there is none.
func (e *event) boundary(at int) int {
	src, depth, inString := e.reader.src, 0, false
	for i := at; i < len(src); i++ {
		c := src[i]
		switch {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case depth == 0 && (c == ',' || c == ']'):
			return i
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if depth < 0 {
			return -1
		}
	}
	return -1
}
