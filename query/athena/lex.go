package athena

import (
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// token is a word, a name in quotes, or a sign of a question. Texts and numbers are tokens of their kind without a value.
type token struct {
	kind byte   // 'w' word, 'q' name in quotes, 's' text, 'n' number, else the sign itself
	text string // words and names in lower case: Athena tells neither apart by case
}

// is reports whether the token is one of the words.
func (t token) is(words ...string) bool {
	if t.kind != 'w' {
		return false
	}
	for _, w := range words {
		if t.text == w {
			return true
		}
	}
	return false
}

// signs are all that a question may hold beside words, texts and numbers.
const signs = "()[],.*+-/%<>=!|:;"

// lex splits a question into tokens. Comments vanish. Whatever another reader might take for something else is refused:
// names in backquotes, parameters, texts with escapes.
func lex(text string) ([]token, error) {
	var all []token
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case strings.HasPrefix(text[i:], "--"):
			end := strings.IndexByte(text[i:], '\n')
			if end < 0 {
				end = len(text) - i
			}
			i += end
		case strings.HasPrefix(text[i:], "/*"):
			end := strings.Index(text[i+2:], "*/")
			if end < 0 {
				return nil, fault.New(fault.Invalid, "a comment has no end: close it with */")
			}
			i += end + 4
		case c == '\'' || c == '"':
			value, n := quoted(text[i:])
			if n == 0 {
				return nil, fault.New(fault.Invalid, "a %c is not closed: %.40s", c, text[i:])
			}
			if c == '\'' {
				all = append(all, token{kind: 's'})
			} else {
				all = append(all, token{'q', strings.ToLower(value)})
			}
			i += n
		case digit(c):
			n := number(text[i:])
			if n < len(text)-i && letter(text[i+n]) {
				return nil, fault.New(fault.Invalid, "a name begins with a digit: %.40s", text[i:])
			}
			all, i = append(all, token{kind: 'n'}), i+n
		case letter(c):
			n := 1
			for i+n < len(text) && (letter(text[i+n]) || digit(text[i+n])) {
				n++
			}
			all, i = append(all, token{'w', strings.ToLower(text[i : i+n])}), i+n
		case strings.IndexByte(signs, c) >= 0:
			all, i = append(all, token{kind: c}), i+1
		default:
			r := []rune(text[i:])[0]
			return nil, fault.New(fault.Invalid, "the character %q cannot stand in a question outside of quotes", r)
		}
	}
	return all, nil
}

func letter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// quoted reads a text or name in quotes, in which a doubled quote is one, and returns how long it stands; 0: it has no
// end.
func quoted(text string) (string, int) {
	quote := text[0]
	for i := 1; i < len(text); i++ {
		if text[i] != quote {
			continue
		}
		if i+1 < len(text) && text[i+1] == quote {
			i++
			continue
		}
		return strings.ReplaceAll(text[1:i], string([]byte{quote, quote}), string(quote)), i + 1
	}
	return "", 0
}

// number returns how long a number stands: digits, a point, an exponent.
func number(text string) int {
	n := 0
	digits := func() {
		for n < len(text) && digit(text[n]) {
			n++
		}
	}
	digits()
	if n < len(text) && text[n] == '.' {
		n++
		digits()
	}
	if n < len(text) && (text[n] == 'e' || text[n] == 'E') {
		mark := n
		n++
		if n < len(text) && (text[n] == '+' || text[n] == '-') {
			n++
		}
		if n == len(text) || !digit(text[n]) {
			return mark
		}
		digits()
	}
	return n
}
