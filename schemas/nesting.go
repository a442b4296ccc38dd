package schemas

import "strings"

const (
	maxFlow   = 32  // brackets inside brackets
	maxIndent = 128 // columns before the first letter of a line
	maxMarks  = 16  // block marks (- or ?) and tags at the start of one line
)

// tooDeep returns what nests too deep in a text, or nothing. The YAML parser's time and memory grow with the square of
// the depth, and it has no limit of its own. Brackets in texts count too: no schema file has that many open ones.
func tooDeep(text string) string {
	flow := 0
	for line := range strings.Lines(text) {
		rest := strings.TrimLeft(line, " \t")
		if len(line)-len(rest) > maxIndent {
			return "a line is indented too far"
		}
		marks := 0
		for _, word := range strings.Fields(rest) {
			if !strings.ContainsAny(word[:1], "-?!&*:") {
				break
			}
			if marks++; marks > maxMarks {
				return "a line begins with too many marks"
			}
		}
		for i := range len(rest) {
			switch rest[i] {
			case '[', '{':
				flow++
			case ']', '}':
				flow = max(flow-1, 0)
			}
			if flow > maxFlow {
				return "there are too many brackets inside brackets"
			}
		}
	}
	return ""
}
