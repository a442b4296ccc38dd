package check

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tarn-lake/tarn/schemas"
)

// kept are the names that a field cannot have in a condition; such a field is reached as record.<name>.
var kept = []string{"now", "record", "type", "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import",
	"in", "let", "loop", "package", "namespace", "null", "return", "true", "var", "void", "while",
	"int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "dyn", "timestamp", "duration"}

func environment(ds *schemas.Dataset) (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.Variable("now", cel.TimestampType),
		cel.Variable("record", cel.MapType(cel.StringType, cel.DynType)),
		cel.Function("years", cel.Overload("years_from_to", []*cel.Type{cel.TimestampType, cel.TimestampType}, cel.IntType,
			cel.BinaryBinding(years))),
		cel.Function("lookup", cel.Overload("lookup_list_code_column", []*cel.Type{cel.StringType, cel.DynType, cel.StringType},
			cel.StringType, cel.FunctionBinding(lookup(ds.Lists)))),
	}
	for _, f := range ds.Fields {
		if !slices.Contains(kept, f.Name) {
			options = append(options, cel.Variable(f.Name, celType(f)))
		}
	}
	return cel.NewEnv(options...)
}

func celType(f schemas.Field) *cel.Type {
	switch f.Type {
	case schemas.String, schemas.Enum:
		return cel.NullableType(cel.StringType)
	case schemas.Int32, schemas.Int64:
		return cel.NullableType(cel.IntType)
	case schemas.Decimal:
		return cel.NullableType(cel.DoubleType)
	case schemas.Boolean:
		return cel.NullableType(cel.BoolType)
	case schemas.Day, schemas.Timestamp:
		return cel.TimestampType // takes null as it is
	case schemas.Binary:
		return cel.NullableType(cel.BytesType)
	default: // lists, maps and objects, which may be null, so CEL looks at them when it runs
		return cel.DynType
	}
}

// compile returns the condition, or what is wrong with it.
func compile(env *cel.Env, ds *schemas.Dataset, text string) (*condition, string) {
	tree, issues := env.Compile(text)
	if issues.Err() != nil {
		var lines []string
		for _, e := range issues.Errors() {
			lines = append(lines, fmt.Sprintf("character %d: %s", e.Location.Column()+1, e.Message))
		}
		return nil, strings.Join(lines, "; ")
	}
	if t := tree.OutputType(); !t.IsAssignableType(cel.BoolType) {
		return nil, fmt.Sprintf("gives a %s; a condition gives true or false", t)
	}
	names, problem := reads(tree.NativeRep().Expr(), ds)
	if problem != "" {
		return nil, problem
	}
	program, err := env.Program(tree, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
	if err != nil {
		return nil, err.Error()
	}
	return &condition{program, names}, ""
}

// reads returns the names that an expression reads, and reports a look-up in a list that does not exist.
func reads(e ast.Expr, ds *schemas.Dataset) (names []string, problem string) {
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		switch {
		case e.Kind() == ast.IdentKind:
			names = append(names, e.AsIdent())
		case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "lookup" && e.AsCall().Args()[0].Kind() == ast.LiteralKind:
			list := fmt.Sprint(e.AsCall().Args()[0].AsLiteral().Value())
			if _, ok := ds.Lists[list]; !ok {
				problem = fmt.Sprintf("there is no code list %q; add codes/%s.csv", list, list)
			}
		}
	}))
	return names, problem
}

func lookup(lists map[string]*schemas.Codes) func(args ...ref.Val) ref.Val {
	return func(args ...ref.Val) ref.Val {
		list, ok := lists[fmt.Sprint(args[0].Value())]
		if !ok || args[1] == types.NullValue {
			return types.String("")
		}
		value, _ := list.Value(fmt.Sprint(args[1].Value()), fmt.Sprint(args[2].Value()))
		return types.String(value)
	}
}

// years is the age at `to` of whoever was born at `from`.
func years(from, to ref.Val) ref.Val {
	birth, ok := from.(types.Timestamp)
	day, also := to.(types.Timestamp)
	if !ok || !also {
		return types.NewErr("years needs two instants")
	}
	b, d := birth.UTC(), day.UTC()
	n := d.Year() - b.Year()
	if d.Month() < b.Month() || d.Month() == b.Month() && d.Day() < b.Day() {
		n--
	}
	return types.Int(n)
}
