package plan

import (
	"strconv"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// where returns the metric's own condition and the query's filters, with their arguments.
func (b *builder) where() ([]string, []any, error) {
	conditions, args, err := b.filters()
	if b.metric.Filter != "" {
		conditions = append([]string{"(" + b.expand(b.metric.Filter) + ")"}, conditions...)
	}
	return conditions, args, err
}

// filters returns the query's filters, with their arguments.
func (b *builder) filters() ([]string, []any, error) {
	var conditions []string
	var args []any
	for _, f := range b.q.Filters {
		dim, err := b.dimension(f.Dimension)
		if err != nil {
			return nil, nil, err
		}
		if len(f.Values) > maxValues {
			return nil, nil, fault.New(fault.Exceeded, "filter %q has %d values, more than %d", f.Dimension, len(f.Values), maxValues)
		}
		text, values, err := b.filter(dim, f)
		if err != nil {
			return nil, nil, err
		}
		conditions, args = append(conditions, text), append(args, values...)
	}
	return conditions, args, nil
}

// filter keeps the rows whose dimension has one of the values. The empty value stands for none.
func (b *builder) filter(dim schemas.Dimension, f schemas.Filter) (string, []any, error) {
	expr := b.dimensionExpr(dim)
	var values []any
	none := false
	for _, text := range f.Values {
		if text == "" {
			none = true
			continue
		}
		v, err := b.value(dim, text)
		if err != nil {
			return "", nil, err
		}
		values = append(values, v)
	}
	var parts []string
	if len(values) > 0 {
		in := expr
		if !b.integral(dim) {
			in = "cast(" + expr + " as varchar)"
		}
		parts = append(parts, "coalesce("+in+" IN ("+marks(len(values))+"), false)")
	}
	if none {
		parts = append(parts, "coalesce(cast("+expr+" as varchar), '') = ''")
	}
	text := "(" + strings.Join(parts, " OR ") + ")"
	if len(parts) == 0 {
		text = "(1 = 0)"
	}
	if f.Not {
		text = "(NOT " + text + ")"
	}
	return text, values, nil
}

// integral reports whether the dimension is a plain integer column, whose statistics can then prune.
func (b *builder) integral(dim schemas.Dimension) bool {
	if dim.Hour {
		return true
	}
	f, ok := b.dataset.Field(dim.Column)
	return ok && integer(f.Type)
}

func (b *builder) value(dim schemas.Dimension, text string) (any, error) {
	if !b.integral(dim) {
		return text, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fault.New(fault.Invalid, "filter %q: %s is not a whole number", dim.Name, quoteShort(text))
	}
	return n, nil
}
