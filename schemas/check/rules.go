// Package check holds what judging schema files and records needs beyond the loader: conditions in CEL, and the JSON
// Schemas of the files themselves.
package check

import (
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// maxCost bounds one condition over one record, in CEL's own units; a rule of a few comparisons costs about ten.
const maxCost = 100_000

// Rules is the compiled rules of one dataset. It is safe for concurrent use.
type Rules struct {
	fields []schemas.Field
	rules  []rule
}

type rule struct {
	schemas.Rule
	when, then *condition
}

type condition struct {
	program cel.Program
	names   []string // the fields that it reads
}

// Compile compiles the dataset's rules. The error is an Invalid fault that names every rule that does not compile.
//
// A condition sees each field under its name, null where it is missing: texts, whole numbers as int, decimals as double,
// dates (midnight UTC) and timestamps as timestamp. It also sees now, and record, a map of all fields, for names that CEL
// keeps to itself. Beside CEL's own functions there are years(from, to), the whole years between two instants, and
// lookup(list, code, column), a code list's value or "" where it has none.
func Compile(ds *schemas.Dataset) (*Rules, error) {
	env, err := environment(ds)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the fields of %s cannot be used in rules", ds.Name)
	}
	out := &Rules{}
	var bad []fault.Field
	for _, r := range ds.Rules {
		one := rule{Rule: r}
		for _, side := range []struct {
			key, text string
			to        **condition
		}{{"when", r.When, &one.when}, {"then", r.Then, &one.then}} {
			if side.text == "" {
				continue
			}
			c, problem := compile(env, ds, side.text)
			if problem != "" {
				bad = append(bad, fault.Field{Name: "rules." + r.Name + "." + side.key, Message: problem, Line: r.Line, Column: 1})
			}
			*side.to = c
		}
		out.rules = append(out.rules, one)
	}
	if bad != nil {
		return nil, fault.WithFields("the rules of "+ds.Name+" do not compile", bad)
	}
	out.fields = read(ds.Fields, out.rules)
	return out, nil
}

// read returns the fields that any of the rules reads: the others need not be made into CEL's values.
func read(fields []schemas.Field, rules []rule) []schemas.Field {
	named := map[string]bool{}
	for _, r := range rules {
		for _, c := range []*condition{r.when, r.then} {
			if c == nil {
				continue
			}
			for _, name := range c.names {
				named[name] = true
			}
		}
	}
	if named["record"] {
		return fields
	}
	return slices.DeleteFunc(slices.Clone(fields), func(f schemas.Field) bool { return !named[f.Name] })
}

// Eval returns a fault for each rule that the record breaks; those marked strict count in the strict mode only. A rule
// over a field that is missing, and that says nothing about missing, is not broken: Required is there for that.
func (r *Rules) Eval(item record.Item, now time.Time, mode schemas.Mode) []fault.Field {
	if len(r.rules) == 0 {
		return nil
	}
	vars := variables(r.fields, item, now)
	var out []fault.Field
	for _, one := range r.rules {
		if one.Strict && mode != schemas.Strict {
			continue
		}
		if one.when != nil && one.when.holds(vars) != yes {
			continue
		}
		if one.then != nil && one.then.holds(vars) == no {
			out = append(out, fault.Field{Name: one.Field, Message: one.Message})
		}
	}
	return out
}

// verdict is what a condition says of a record.
type verdict uint8

const (
	unsure verdict = iota // a field it needs is missing
	yes
	no
)

func (c *condition) holds(vars map[string]any) verdict {
	value, _, err := c.program.Eval(vars)
	if err != nil {
		missing := slices.ContainsFunc(c.names, func(n string) bool { return vars[n] == nil || vars[n] == types.NullValue })
		if missing {
			return unsure
		}
		return no
	}
	return truth(value)
}

func truth(v ref.Val) verdict {
	switch v {
	case types.True:
		return yes
	case types.NullValue:
		return unsure
	default:
		return no
	}
}
