package dynamo

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/record"
)

// express writes the expressions of one action. Every name is an alias, because one word in three is reserved.
type express struct {
	aliases map[string]string // by attribute
	names   map[string]string
	values  map[string]types.AttributeValue
}

func newExpress() *express {
	return &express{aliases: map[string]string{}, names: map[string]string{}, values: map[string]types.AttributeValue{}}
}

func (e *express) name(attribute string) string {
	alias, ok := e.aliases[attribute]
	if !ok {
		alias = "#n" + strconv.Itoa(len(e.names))
		e.aliases[attribute], e.names[alias] = alias, attribute
	}
	return alias
}

func (e *express) value(v record.Value) string {
	alias := ":v" + strconv.Itoa(len(e.values))
	e.values[alias] = attribute(v)
	return alias
}

// condition returns the tests as one expression; nil where there are none.
func (e *express) condition(t *ingest.Table, tests []ingest.Condition) *string {
	if len(tests) == 0 {
		return nil
	}
	all := make([]string, len(tests))
	for i, c := range tests {
		name := c.Attribute
		if name == "" {
			name = t.Key.Partition // an item is there if its key is
		}
		switch c.Test {
		case ingest.Exists:
			all[i] = "attribute_exists(" + e.name(name) + ")"
		case ingest.Missing:
			all[i] = "attribute_not_exists(" + e.name(name) + ")"
		case ingest.Equal:
			all[i] = e.name(name) + " = " + e.value(c.Value)
		default:
			panic("unknown test of a condition")
		}
	}
	text := strings.Join(all, " AND ")
	return &text
}

// nowhere is an attribute that no item has.
const nowhere = "tarn.none"

// update returns what an update does. A transaction wants an update to say something: one that changes nothing removes
// an attribute that is not there.
func (e *express) update(a *ingest.Action) *string {
	var set, remove, add []string
	for _, name := range a.Set.Names() {
		set = append(set, e.name(name)+" = "+e.value(a.Set[name]))
	}
	for _, name := range a.Unset {
		remove = append(remove, e.name(name))
	}
	for _, name := range slices.Sorted(maps.Keys(a.Add)) {
		add = append(add, e.name(name)+" "+e.value(record.Number(strconv.FormatInt(a.Add[name], 10))))
	}
	if set == nil && remove == nil && add == nil {
		remove = append(remove, e.name(nowhere))
	}
	var parts []string
	for _, part := range []struct {
		verb string
		list []string
	}{{"SET ", set}, {"REMOVE ", remove}, {"ADD ", add}} {
		if part.list != nil {
			parts = append(parts, part.verb+strings.Join(part.list, ", "))
		}
	}
	text := strings.Join(parts, " ")
	return &text
}

// named returns the aliases of names, nil where none was used: DynamoDB refuses an empty map.
func (e *express) named() map[string]string {
	if len(e.names) == 0 {
		return nil
	}
	return e.names
}

func (e *express) valued() map[string]types.AttributeValue {
	if len(e.values) == 0 {
		return nil
	}
	return e.values
}
