package athena

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query/plan"
)

// Gate reads an ad hoc question without a parser of the whole language: it follows brackets, WITH, FROM and JOIN, which is
// enough to know every table that is named, and every name that a bracket follows, which is every function. Tables are
// the relations or names of the question's own, without schema; functions are those that only compute. What it does not
// know it refuses. Behind it, names without a schema lead nowhere: the session has no database.
func (e *Engine) Gate(_ context.Context, text string, relations []string) ([]string, error) {
	if err := plan.Question(text); err != nil {
		return nil, err
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	g := &gate{relations: plan.NewNamed(relations), used: map[string]bool{}}
	if err := g.read(tokens); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(g.used)), nil
}

// gate reads tokens with a stack of the brackets that are open.
type gate struct {
	relations plan.Named
	used      map[string]bool
	open      []*bracket
	tokens    []token
	at        int
}

// bracket is what stands between two brackets, or the whole question.
type bracket struct {
	call   string          // the function whose arguments they are; empty: none
	query  bool            // it begins with SELECT or WITH
	from   bool            // within a FROM clause: a comma is followed by a table
	table  bool            // a table is to follow
	with   bool            // within WITH: a name is to follow, or has
	loop   bool            // WITH RECURSIVE
	naming string          // the name whose rows are being written
	names  map[string]bool // of WITH
}

func (g *gate) top() *bracket { return g.open[len(g.open)-1] }

// peek returns the token n places on; the zero token is the end, or the beginning.
func (g *gate) peek(n int) token {
	if i := g.at + n; i >= 0 && i < len(g.tokens) {
		return g.tokens[i]
	}
	return token{}
}

func (g *gate) read(tokens []token) error {
	for len(tokens) > 0 && tokens[len(tokens)-1].kind == ';' {
		tokens = tokens[:len(tokens)-1]
	}
	g.tokens, g.open = tokens, []*bracket{{names: map[string]bool{}}}
	if first := g.peek(0); !first.is("select", "with") {
		return fault.New(fault.Denied, "only one SELECT can be asked: nothing can be changed, set or written")
	}
	g.top().query = true
	for ; g.at < len(g.tokens); g.at++ {
		if err := g.step(g.tokens[g.at]); err != nil {
			return err
		}
	}
	if len(g.open) != 1 {
		return fault.New(fault.Invalid, "%d brackets are not closed", len(g.open)-1)
	}
	if g.top().table || g.top().with {
		return fault.New(fault.Invalid, "the question ends where a table or a SELECT was to follow")
	}
	return nil
}

func (g *gate) step(t token) error {
	switch t.kind {
	case ';':
		return fault.New(fault.Invalid, "the text holds several statements: ask one SELECT at a time")
	case '(':
		return g.opens()
	case ')':
		return g.closes()
	case ',':
		b := g.top()
		b.table = b.table || b.from
		return nil
	case 'w', 'q':
		return g.name(t)
	}
	if g.top().table {
		return fault.New(fault.Invalid, "after FROM or JOIN stands a relation or a SELECT in brackets")
	}
	return nil
}

// name judges a word or a name in quotes.
func (g *gate) name(t token) error {
	if err := plan.Unreserved(t.text); err != nil {
		return err
	}
	b := g.top()
	switch {
	case b.with:
		return g.withName(t)
	case b.table:
		return g.tableName(t)
	case t.is(denied...):
		return fault.New(fault.Denied, "%s cannot be used here", strings.ToUpper(t.text))
	case g.peek(-1).kind == '.': // a column of a table, a member of a row
		return nil
	case t.is("with") && (g.peek(-1).kind == '(' || g.at == 0):
		b.with, b.loop = true, g.peek(1).is("recursive")
		if b.loop {
			g.at++
		}
	case t.is("from"):
		return g.from()
	case t.is("join"):
		b.table = true
	case t.is("select", "where", "group", "having", "order", "window", "limit", "offset", "fetch", "union", "intersect", "except"):
		b.from = false
	}
	return nil
}

// from begins a FROM clause, unless the word belongs to a function's arguments or to IS DISTINCT FROM.
func (g *gate) from() error {
	b := g.top()
	before := g.peek(-1)
	switch {
	case before.is("distinct") && (g.peek(-2).is("is") || g.peek(-2).is("not") && g.peek(-3).is("is")):
		return nil
	case !b.query && (b.call == "extract" || b.call == "trim" || b.call == "substring"):
		return nil
	case !b.query:
		return fault.New(fault.Invalid, "a FROM stands where no SELECT is")
	}
	b.from, b.table = true, true
	return nil
}

// withName reads NAME [(COLUMNS)] AS ( of a WITH clause, up to the bracket.
func (g *gate) withName(t token) error {
	b := g.top()
	if t.is("select") && b.naming == "" {
		b.with = false
		return g.name(t)
	}
	b.naming = t.text
	if g.peek(1).kind == '(' {
		for g.at++; g.peek(1).kind != ')'; g.at++ {
			if k := g.peek(1).kind; k != 'w' && k != 'q' && k != ',' {
				return fault.New(fault.Invalid, "WITH %s is followed by what names no columns", t.text)
			}
		}
		g.at++
	}
	if !g.peek(1).is("as") || g.peek(2).kind != '(' || !g.peek(3).is("select", "with", "values") {
		return fault.New(fault.Invalid, "write WITH %s AS (SELECT …)", t.text)
	}
	g.at++
	if b.loop {
		b.names[b.naming] = true
	}
	return nil
}

// tableName judges what follows FROM, JOIN or a comma between tables.
func (g *gate) tableName(t token) error {
	b := g.top()
	next := g.peek(1)
	switch {
	case t.is("lateral") && next.kind == '(':
		return nil
	case t.is("unnest") && next.kind == '(':
		b.table = false
		return nil
	case next.kind == '(':
		return fault.New(fault.Denied, "the table function %s cannot be used here: questions read the lake's relations only", t.text)
	case next.kind == '.':
		return fault.New(fault.Denied, "tables are named without schema or catalog: %s", t.text)
	}
	b.table = false
	for i := len(g.open) - 1; i >= 0; i-- {
		if g.open[i].names[t.text] {
			return nil
		}
	}
	relation, err := g.relations.Find(t.text)
	if err != nil {
		return err
	}
	g.used[relation] = true
	return nil
}

// opens begins a bracket: a query of its own, tables that are joined, arguments, or values.
func (g *gate) opens() error {
	before, next, up := g.peek(-1), g.peek(1), g.top()
	b := &bracket{names: map[string]bool{}, query: next.is("select", "with")}
	switch {
	case up.with && up.naming == "":
		return fault.New(fault.Invalid, "write WITH name AS (SELECT …)")
	case up.table:
		up.table = false
		if !b.query && !next.is("values") {
			b.from, b.table = true, true
		}
	case up.from && g.alias():
	case before.kind == 'q':
		return fault.New(fault.Denied, "the function %s cannot be used here", before.text)
	case before.kind == 'w' && !before.is(bracketed...):
		if g.peek(-2).kind == '.' || !functions[before.text] {
			return fault.New(fault.Denied, "the function %s cannot be used here", before.text)
		}
		b.call = before.text
	}
	g.open = append(g.open, b)
	return nil
}

// alias reports whether the name before a bracket in a FROM clause is one that is given to a table, so that names of
// columns follow.
func (g *gate) alias() bool {
	name, before := g.peek(-1), g.peek(-2)
	if name.kind == 'w' && name.is(bracketed...) || name.kind != 'w' && name.kind != 'q' {
		return false
	}
	return before.is("as", "ordinality") || before.kind == ')'
}

// closes ends a bracket. Behind the rows of a name of WITH follow another name or the SELECT itself.
func (g *gate) closes() error {
	if len(g.open) == 1 {
		return fault.New(fault.Invalid, "a bracket is closed that was not opened")
	}
	if b := g.top(); b.table || b.with {
		return fault.New(fault.Invalid, "a bracket is closed where a table or a SELECT was to follow")
	}
	g.open = g.open[:len(g.open)-1]
	b := g.top()
	if !b.with {
		return nil
	}
	b.names[b.naming], b.naming = true, ""
	switch next := g.peek(1); {
	case next.kind == ',':
		g.at++
	case !next.is("select"):
		return fault.New(fault.Invalid, "behind the names of WITH stands a SELECT")
	}
	return nil
}
