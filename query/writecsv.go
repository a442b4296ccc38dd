package query

import (
	"bufio"
	"io"
	"strings"
)

// WriteCSV writes the answer as RFC 4180 says: a header of titles' column names, lines that end in CR LF, null as an
// empty field and an empty text as "".
func WriteCSV(w io.Writer, a *Answer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	for i, f := range a.Columns {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(csvField(f.Name))
	}
	out.WriteString("\r\n")
	for row := range a.Result.Rows {
		for i := range a.Result.Columns {
			if i > 0 {
				out.WriteByte(',')
			}
			c := &a.Result.Columns[i]
			if c.IsNull(row) {
				continue
			}
			out.WriteString(csvField(c.Format(row, a.Zone)))
		}
		out.WriteString("\r\n")
	}
	return out.Flush()
}

func csvField(text string) string {
	if text != "" && !strings.ContainsAny(text, ",\"\r\n") {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}
