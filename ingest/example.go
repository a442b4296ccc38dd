package ingest

import (
	"encoding/json"
	"regexp/syntax"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/schemas"
)

// example returns a record that its schema allows.
func (p *plan) example() object {
	out := object{}
	at := time.Date(2026, 11, 20, 6, 30, 0, 0, time.UTC)
	for _, f := range p.shape.fields {
		if f.Type == schemas.Timestamp { // later fields get later times
			at = at.Add(time.Hour)
		}
		out[f.Name] = f.example(at)
	}
	return out
}

func (f *field) example(at time.Time) any {
	switch f.Type {
	case schemas.Int32, schemas.Int64, schemas.Decimal:
		return f.number()
	case schemas.Boolean:
		return false
	case schemas.Day:
		return "1996-03-26"
	case schemas.Timestamp:
		if v := f.stamp(at); f.Epoch() {
			return json.Number(v.Text)
		}
		return f.stamp(at).Text
	case schemas.Enum:
		if len(f.Codes) > 0 {
			return f.Codes[0]
		}
		return ""
	case schemas.Binary:
		return "AAEC"
	case schemas.List, schemas.Set:
		return []any{f.elem.example(at)}
	case schemas.Map:
		return object{"name": f.elem.example(at)}
	case schemas.Object:
		out := object{}
		for _, m := range f.members.fields {
			out[m.Name] = m.example(at)
		}
		return out
	default:
		return f.word()
	}
}

func (f *field) number() any {
	switch {
	case f.Min != nil:
		return *f.Min
	case f.Max != nil:
		return min(*f.Max, 1)
	default:
		return 1
	}
}

func (f *field) word() string {
	switch {
	case f.Pattern != "":
		if re, err := syntax.Parse(f.Pattern, syntax.Perl); err == nil {
			return matching(re.Simplify())
		}
		return ""
	case f.Format == "uri":
		return "https://photos.example.org/a.jpg"
	case f.Format == "email":
		return "somebody@example.org"
	case f.MaxLength > 0 && f.MaxLength < len("text"):
		return strings.Repeat("t", f.MaxLength)
	default:
		return "text" + strings.Repeat("t", max(0, f.MinLength-len("text")))
	}
}

// matching returns the shortest text that a simplified pattern matches.
func matching(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			return string(re.Rune[0])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "a"
	case syntax.OpCapture, syntax.OpPlus:
		return matching(re.Sub[0])
	case syntax.OpAlternate:
		return matching(re.Sub[0])
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(matching(sub))
		}
		return b.String()
	}
	return ""
}
