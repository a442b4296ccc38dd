package plan

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/schemas"
)

// AdHoc puts a question, which the engine's gate has let pass, over the views of the relations that it reads. The answer
// is cut to env.MaxRows.
func AdHoc(text string, relations []string, env Env) (*Statement, []string, error) {
	v := newViews(env)
	for _, name := range relations {
		if !v.add(name) {
			return nil, nil, unknown("relation", name, Relations(env.Registry))
		}
	}
	text = strings.TrimRight(strings.TrimSpace(text), "; \t\r\n")
	if env.Dialect.unordered {
		return &Statement{SQL: v.over(text, env.MaxRows), Args: v.args, Relations: sorted(v.physical)}, sorted(v.datasets), nil
	}
	// The line break ends a comment that the text may close with.
	sql := "SELECT * FROM (" + text + "\n) AS \"_question\""
	if env.MaxRows > 0 {
		sql += " LIMIT " + strconv.Itoa(env.MaxRows)
	}
	if len(v.text) > 0 {
		sql = "WITH " + strings.Join(v.text, ",\n") + "\n" + sql
	}
	return &Statement{SQL: sql, Args: v.args, Relations: sorted(v.physical)}, sorted(v.datasets), nil
}

// over puts the views before a question whose order only the statement itself keeps, instead of the question into
// brackets. Recursive questions, and those with names of their own that hide a view, stay in brackets: there nothing is
// lost but the order.
func (v *views) over(text string, maxRows int) string {
	words, own, list := outline(text)
	if maxRows > 0 && !words["limit"] && !words["fetch"] && !words["offset"] {
		text += "\nLIMIT " + strconv.Itoa(maxRows)
	}
	if len(v.text) == 0 {
		return text
	}
	views := strings.Join(v.text, ",\n")
	hidden := slices.ContainsFunc(own, func(name string) bool { return v.done[name] })
	switch {
	case hidden, words["recursive"]: // after WITH RECURSIVE every name needs its columns named, which views have not
		return "WITH " + views + "\nSELECT * FROM (" + text + "\n) AS \"_question\""
	case list > 0:
		return "WITH " + views + ",\n" + text[list:]
	}
	return "WITH " + views + "\n" + text
}

// HeldBack counts the quarantined rows of the datasets, and those of their streams that could not be told, of changes made
// in [from, to); zero ends are open.
func HeldBack(datasets []string, from, to time.Time, env Env) (*Statement, error) {
	v := newViews(env)
	v.add(schemas.QuarantineTable)
	var args []any
	var where []string
	for _, name := range datasets {
		d, ok := env.Registry.Dataset(name)
		if !ok {
			return nil, unknown("dataset", name, nil)
		}
		where = append(where, "dataset = ?", "dataset IS NULL AND stream = ?")
		args = append(args, d.Name, d.Stream)
	}
	sql := "WITH " + strings.Join(v.text, ",\n") + "\nSELECT count(*) AS \"held_back\" FROM " + Ident(schemas.QuarantineTable) +
		" WHERE (" + strings.Join(where, " OR ") + ")"
	if !from.IsZero() {
		sql += " AND _at >= " + env.Dialect.instant(from)
	}
	if !to.IsZero() {
		sql += " AND _at < " + env.Dialect.instant(to)
	}
	return &Statement{SQL: sql, Args: append(v.args, args...), Relations: sorted(v.physical)}, nil
}
