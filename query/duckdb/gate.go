package duckdb

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	duck "github.com/duckdb/duckdb-go/v2"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query/plan"
)

// Gate reads an ad hoc question by DuckDB's own parser and refuses what is not one SELECT over the relations. What it
// does not know it refuses: new kinds of table and new functions stay outside until they are let in.
func (e *Engine) Gate(ctx context.Context, text string, relations []string) ([]string, error) {
	if err := plan.Question(text); err != nil {
		return nil, err
	}
	tree, err := e.parse(ctx, text)
	if err != nil {
		return nil, err
	}
	g := &gate{relations: plan.NewNamed(relations), used: map[string]bool{}}
	if err := g.walk(tree["node"], nil); err != nil {
		return nil, err
	}
	used := make([]string, 0, len(g.used))
	for name := range g.used {
		used = append(used, name)
	}
	slices.Sort(used)
	return used, nil
}

// parse returns the syntax tree of the text's only statement.
func (e *Engine) parse(ctx context.Context, text string) (map[string]any, error) {
	s, err := e.take(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { e.idle <- s }()
	args := []driver.NamedValue{{Ordinal: 1, Value: text}}
	result, err := s.query(ctx, "SELECT cast(json_serialize_sql(cast(? AS VARCHAR)) AS VARCHAR)", args, 1)
	if err != nil {
		return nil, refusal(ctx, err)
	}
	var answer struct {
		Error      bool             `json:"error"`
		Message    string           `json:"error_message"`
		Type       string           `json:"error_type"`
		Statements []map[string]any `json:"statements"`
	}
	if err := json.Unmarshal([]byte(result.Columns[0].Texts[0]), &answer); err != nil {
		return nil, fault.New(fault.Invalid, "the question cannot be read as SQL")
	}
	switch {
	case answer.Error && answer.Type == "not implemented":
		return nil, fault.New(fault.Denied, "only one SELECT can be asked: nothing can be changed, set or written")
	case answer.Error:
		return nil, fault.New(fault.Invalid, "%s", readable(answer.Message))
	case len(answer.Statements) != 1:
		return nil, fault.New(fault.Invalid, "the text holds %d statements: ask one SELECT at a time", len(answer.Statements))
	}
	return answer.Statements[0], nil
}

// gate walks a syntax tree.
type gate struct {
	relations plan.Named
	used      map[string]bool
}

// scope is the common table expressions that a part of the tree may name.
type scope struct {
	names map[string]bool
	up    *scope
}

func (s *scope) has(name string) bool {
	for ; s != nil; s = s.up {
		if s.names[name] {
			return true
		}
	}
	return false
}

func (g *gate) walk(node any, in *scope) error {
	switch n := node.(type) {
	case []any:
		for _, e := range n {
			if err := g.walk(e, in); err != nil {
				return err
			}
		}
	case map[string]any:
		inner, err := g.expressions(n, in)
		if err != nil {
			return err
		}
		if err := g.check(n, inner); err != nil {
			return err
		}
		for name, e := range n {
			if name == "cte_map" {
				continue
			}
			if err := g.walk(e, inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// expressions walks a node's common table expressions, each of which may name those before it, and returns the scope
// with all of them.
func (g *gate) expressions(n map[string]any, in *scope) (*scope, error) {
	ctes, _ := n["cte_map"].(map[string]any)
	list, _ := ctes["map"].([]any)
	if name, ok := n["cte_name"].(string); ok { // a recursive one, and older trees, name themselves
		in = &scope{names: map[string]bool{strings.ToLower(name): true}, up: in}
		if err := plan.Unreserved(name); err != nil {
			return nil, err
		}
	}
	for _, e := range list {
		entry, _ := e.(map[string]any)
		name, _ := entry["key"].(string)
		if err := plan.Unreserved(name); err != nil {
			return nil, err
		}
		if err := g.walk(entry["value"], in); err != nil {
			return nil, err
		}
		in = &scope{names: map[string]bool{strings.ToLower(name): true}, up: in}
	}
	return in, nil
}

// queries are the kinds of node that only read.
var queries = map[string]bool{"SELECT_NODE": true, "SET_OPERATION_NODE": true, "RECURSIVE_CTE_NODE": true, "CTE_NODE": true}

// check judges one node.
func (g *gate) check(n map[string]any, in *scope) error {
	kind, _ := n["type"].(string)
	_, sampled := n["sample"]
	if _, isQuery := n["cte_map"]; isQuery {
		if !queries[kind] {
			return notSelect(kind)
		}
	} else if sampled {
		if err := g.table(kind, n, in); err != nil {
			return err
		}
	}
	if n["class"] == "PARAMETER" {
		return fault.New(fault.Invalid, "a question has no parameters: write the values into it")
	}
	name, isCall := n["function_name"].(string)
	if !isCall {
		return nil
	}
	if text(n["schema"]) != "" && text(n["schema"]) != "main" || text(n["catalog"]) != "" {
		return fault.New(fault.Denied, "functions are named without schema or catalog: %s", name)
	}
	if !functions[strings.ToLower(name)] && !operator(name) {
		return fault.New(fault.Denied, "the function %s cannot be used here", name)
	}
	return nil
}

// operator reports whether the name is punctuation, as + and || are.
func operator(name string) bool {
	return name != "" && strings.IndexFunc(name, func(r rune) bool {
		return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}) < 0
}

// table judges what a FROM clause names.
func (g *gate) table(kind string, n map[string]any, in *scope) error {
	switch kind {
	case "BASE_TABLE":
		name := text(n["table_name"])
		if text(n["schema_name"]) != "" || text(n["catalog_name"]) != "" {
			return fault.New(fault.Denied, "tables are named without schema or catalog: %s", name)
		}
		if in.has(strings.ToLower(name)) {
			return nil
		}
		relation, err := g.relations.Find(name)
		if err != nil {
			return err
		}
		g.used[relation] = true
		return nil
	case "TABLE_FUNCTION":
		call, _ := n["function"].(map[string]any)
		name := strings.ToLower(text(call["function_name"]))
		if !tableFunctions[name] {
			return fault.New(fault.Denied, "the table function %s cannot be used here: questions read the lake's relations only", name)
		}
		return nil
	case "SUBQUERY", "JOIN", "EXPRESSION_LIST", "EMPTY", "PIVOT":
		return nil
	}
	return notSelect(kind)
}

func notSelect(kind string) error {
	return fault.New(fault.Denied, "only SELECT over the lake's relations can be asked (this asks for %s)", strings.ToLower(strings.ReplaceAll(kind, "_", " ")))
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// readable drops the class of DuckDB's message and the source lines below it.
func readable(message string) string {
	for _, class := range []string{"Parser Error: ", "Binder Error: ", "Catalog Error: ", "Conversion Error: ", "Invalid Input Error: ", "Out of Range Error: "} {
		message = strings.TrimPrefix(message, class)
	}
	message, _, _ = strings.Cut(message, "\n\nLINE ")
	return strings.ReplaceAll(strings.TrimSpace(message), plan.PhysicalName(""), "")
}

func asDuck(err error, to **duck.Error) bool { return errors.As(err, to) }
