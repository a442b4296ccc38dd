package plan

import "strings"

// words calls use with every identifier of an SQL text, unquoted, outside of strings and comments, and its place.
func words(sql string, use func(name string, from, to int)) {
	for i := 0; i < len(sql); {
		switch c := sql[i]; {
		case c == '\'':
			i = skip(sql, i, '\'')
		case c == '"':
			end := skip(sql, i, '"')
			use(strings.ReplaceAll(strings.Trim(sql[i:end], `"`), `""`, `"`), i, end)
			i = end
		case strings.HasPrefix(sql[i:], "--"):
			if n := strings.IndexByte(sql[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(sql)
			}
		case strings.HasPrefix(sql[i:], "/*"):
			if n := strings.Index(sql[i:], "*/"); n >= 0 {
				i += n + 2
			} else {
				i = len(sql)
			}
		case letter(c):
			end := i + 1
			for end < len(sql) && (letter(sql[end]) || sql[end] >= '0' && sql[end] <= '9') {
				end++
			}
			use(sql[i:end], i, end)
			i = end
		default:
			i++
		}
	}
}

// skip returns the index after the quoted text that begins at i.
func skip(sql string, i int, quote byte) int {
	for j := i + 1; j < len(sql); j++ {
		if sql[j] != quote {
			continue
		}
		if j+1 < len(sql) && sql[j+1] == quote {
			j++
			continue
		}
		return j + 1
	}
	return len(sql)
}

func letter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

// column writes an expression of a schema file: a bare name is quoted, because it may be a word of some engine's.
func column(expr string) string {
	for i := range len(expr) {
		if !letter(expr[i]) && (i == 0 || expr[i] < '0' || expr[i] > '9') {
			return expr
		}
	}
	if expr == "" {
		return ""
	}
	return Ident(expr)
}
