package schemas

import (
	"slices"
	"strings"
)

// sqlWords are the words of the portable SQL subset that stand where a column could.
var sqlWords = strings.Fields(`
	all and any array as asc between bigint bool boolean both by case cast cross current_date current_timestamp date day
	decimal desc distinct double else end escape exists extract false filter first float following for from group having
	hour ilike in inner int integer interval is join last leading left like limit microsecond millisecond minute month
	not null nulls numeric offset on or order outer over partition precision preceding quarter range real right row rows
	second select similar smallint some text then time timestamp timestamptz tinyint to trailing true try_cast unbounded
	union using values varchar varbinary week when where window with within without year zone`)

// identifiers returns the names in an SQL expression that stand for columns: no function names, words of the language,
// literals, nor what follows a point or a colon. Names in double quotes are taken as they are.
func identifiers(sql string) []string {
	var out []string
	for i := 0; i < len(sql); {
		c := sql[i]
		switch {
		case c == '\'' || c == '"':
			end := closing(sql, i)
			if c == '"' && !follows(sql, i, '.') {
				out = append(out, sql[i+1:end])
			}
			i = end + 1
		case c == '-' && strings.HasPrefix(sql[i:], "--"):
			end := strings.IndexByte(sql[i:], '\n')
			if end < 0 {
				return out
			}
			i += end
		case letter(c) || c >= '0' && c <= '9':
			end := i
			for end < len(sql) && (letter(sql[end]) || sql[end] >= '0' && sql[end] <= '9') {
				end++
			}
			if letter(c) && !follows(sql, i, '.') && !called(sql, end) && !slices.Contains(sqlWords, strings.ToLower(sql[i:end])) {
				out = append(out, sql[i:end])
			}
			i = end
		default:
			i++
		}
	}
	return out
}

// closing returns the place of the quote that closes the one at i, or of the last character.
func closing(sql string, i int) int {
	for j := i + 1; j < len(sql); j++ {
		if sql[j] != sql[i] {
			continue
		}
		if j+1 < len(sql) && sql[j+1] == sql[i] {
			j++
			continue
		}
		return j
	}
	return max(len(sql)-1, i+1)
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func follows(sql string, i int, before byte) bool { return i > 0 && sql[i-1] == before }

func called(sql string, end int) bool {
	return strings.HasPrefix(strings.TrimLeft(sql[end:], " \t\n"), "(")
}
