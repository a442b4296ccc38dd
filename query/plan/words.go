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

// outline returns the words of a question that stand outside of every bracket, the names that its WITH gives, in lower
// case, and where the list of these names begins; 0: it has none.
func outline(sql string) (top map[string]bool, names []string, list int) {
	top = map[string]bool{}
	sql = blank(sql)
	depth, done, before := 0, 0, ""
	words(sql, func(name string, from, to int) {
		depth += strings.Count(sql[done:from], "(") - strings.Count(sql[done:from], ")")
		done = to
		lower := strings.ToLower(name)
		if depth > 0 {
			return
		}
		switch {
		case list == 0 && len(top) == 0 && lower == "with":
			list = to
		case lower == "as" && list > 0 && !top["select"]:
			names = append(names, before)
		}
		top[lower], before = true, lower
	})
	return top, names, list
}

// blank puts spaces in the place of texts and comments, so that what is left stands where it stood.
func blank(sql string) string {
	b := []byte(sql)
	for i := 0; i < len(sql); {
		var end int
		switch {
		case sql[i] == '"':
			i = skip(sql, i, '"')
			continue
		case sql[i] == '\'':
			end = skip(sql, i, '\'')
		case strings.HasPrefix(sql[i:], "--"):
			if end = len(sql); strings.Contains(sql[i:], "\n") {
				end = i + strings.IndexByte(sql[i:], '\n')
			}
		case strings.HasPrefix(sql[i:], "/*"):
			if end = len(sql); strings.Contains(sql[i+2:], "*/") {
				end = i + 4 + strings.Index(sql[i+2:], "*/")
			}
		default:
			i++
			continue
		}
		for ; i < end; i++ {
			b[i] = ' '
		}
	}
	return string(b)
}
