package load

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// Sample looks at the first rows of a file and returns what its columns hold, for a first draft of a dataset file. The format is
// told from the file where it is empty.
func Sample(path, format string, rows int) ([]schemas.InferColumn, error) {
	format, err := formatOf(path, format)
	if err != nil {
		return nil, err
	}
	s := &sample{at: map[string]int{}}
	switch format {
	case "csv":
		err = s.csv(path, rows)
	case "parquet":
		err = s.parquet(path, rows)
	default:
		s.dynamo = format == "dynamodb"
		err = s.json(path, rows)
	}
	if err != nil {
		return nil, err
	}
	if s.rows == 0 {
		return nil, fault.New(fault.Invalid, "%s has no rows to look at", path)
	}
	return s.infer(), nil
}

// sample is the texts of each column, in the order in which the columns appear.
type sample struct {
	columns []seen
	at      map[string]int
	rows    int
	dynamo  bool // members are attribute values with their tags
}

type seen struct {
	name   string
	values map[string]bool
	count  int
	nested schemas.Type // list, map or binary; empty: told from the texts
	text   bool         // no number, though it may look like one
	kinds  map[schemas.Type]bool
	digits int // before the point
	scale  int
}

const maxDistinct = 1000 // values remembered of one column

func (s *sample) add(name, text string) {
	i, ok := s.at[name]
	if !ok {
		i = len(s.columns)
		s.at[name] = i
		s.columns = append(s.columns, seen{name: name, values: map[string]bool{}, kinds: map[schemas.Type]bool{}})
	}
	c := &s.columns[i]
	c.count++
	if len(c.values) < maxDistinct {
		c.values[text] = true
	}
	c.note(text)
}

func (s *sample) csv(path string, rows int) error {
	in, closer, err := openText(path)
	if err != nil {
		return err
	}
	defer closer.Close()
	r := &csvSource{tape: &tape{r: in}}
	if err := r.head(path); err != nil {
		return err
	}
	for ; s.rows < rows; s.rows++ {
		cells, err := r.read()
		var bad *badRow
		if errors.Is(err, io.EOF) {
			return nil
		} else if errors.As(err, &bad) {
			continue
		} else if err != nil {
			return err
		}
		for i, cell := range cells {
			if cell != "" {
				s.add(r.names[i], cell)
			}
		}
	}
	return nil
}

func (s *sample) parquet(path string, rows int) error {
	p, err := openColumns(path)
	if err != nil {
		return err
	}
	defer p.Close()
	for ; s.rows < rows; s.rows++ {
		values, err := p.read()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		for i, v := range values {
			if !v.IsNull() {
				s.add(p.names[i], p.texts[i](v))
			}
		}
	}
	return nil
}

func (s *sample) json(path string, rows int) error {
	l, err := openLines(path)
	if err != nil {
		return err
	}
	defer l.Close()
	for ; s.rows < rows; s.rows++ {
		if err := l.read(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		v, err := readValue(jsontext.NewDecoder(bytes.NewReader(l.raw)), 0)
		if err != nil || v.Kind != record.M {
			return fault.New(fault.Invalid, "line %d of %s is not a JSON object", l.at, path)
		}
		if item, ok := v.Map["Item"]; ok && len(v.Map) == 1 {
			v = item
		}
		for _, name := range v.Map.Names() {
			if s.dynamo {
				s.attribute(name, v.Map[name])
			} else {
				s.value(name, v.Map[name])
			}
		}
	}
	return nil
}

func (s *sample) value(name string, v record.Value) {
	switch v.Kind {
	case record.NULL:
	case record.S, record.N:
		s.add(name, v.Text)
	case record.BOOL:
		s.add(name, strconv.FormatBool(v.Bool))
	case record.M:
		s.nest(name, schemas.Map)
	default:
		s.nest(name, schemas.List)
	}
}

// attribute adds a value of DynamoDB JSON. Its tag says what it is: digits in an S stay text.
func (s *sample) attribute(name string, v record.Value) {
	for tag, inner := range v.Map {
		switch tag {
		case "NULL":
		case "N", "BOOL":
			s.value(name, inner)
		case "S":
			s.add(name, inner.Text)
			s.columns[s.at[name]].text = true
		case "B":
			s.nest(name, schemas.Binary)
		case "M":
			s.nest(name, schemas.Map)
		default:
			s.nest(name, schemas.List)
		}
	}
}

func (s *sample) nest(name string, t schemas.Type) {
	s.add(name, "")
	s.columns[s.at[name]].nested = t
}

var (
	isInt     = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	isDecimal = regexp.MustCompile(`^-?[0-9]+\.[0-9]+$`)
)

func isDay(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

func isInstant(text string) bool {
	_, err := time.Parse(time.RFC3339Nano, text)
	return err == nil
}

// note remembers what a text could be.
func (c *seen) note(text string) {
	t := schemas.String
	switch {
	case text == "true" || text == "false":
		t = schemas.Boolean
	case isInt.MatchString(text) && len(text) < 19:
		t = schemas.Int64
		c.digits = max(c.digits, len(strings.TrimPrefix(text, "-")))
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= math.MinInt32 && n <= math.MaxInt32 {
			t = schemas.Int32
		}
	case isDecimal.MatchString(text):
		t = schemas.Decimal
		whole, part, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
		c.digits, c.scale = max(c.digits, len(whole)), max(c.scale, len(part))
	case isDay(text):
		t = schemas.Day
	case isInstant(text):
		t = schemas.Timestamp
	}
	c.kinds[t] = true
}

// kind returns the narrowest type that takes all that was seen.
func (c *seen) kind() schemas.Type {
	only := func(types ...schemas.Type) bool {
		n := 0
		for _, t := range types {
			if c.kinds[t] {
				n++
			}
		}
		return n == len(c.kinds)
	}
	switch {
	case c.nested != "":
		return c.nested
	case c.text && !only(schemas.Day) && !only(schemas.Timestamp):
		return schemas.String
	case only(schemas.Boolean), only(schemas.Day), only(schemas.Timestamp), only(schemas.Int32):
		for t := range c.kinds {
			return t
		}
	case only(schemas.Int32, schemas.Int64):
		return schemas.Int64
	case only(schemas.Int32, schemas.Int64, schemas.Decimal) && c.digits+c.scale <= 38:
		return schemas.Decimal
	}
	return schemas.String
}

const maxExamples = 12

func (s *sample) infer() []schemas.InferColumn {
	out := make([]schemas.InferColumn, 0, len(s.columns))
	for i := range s.columns {
		c := &s.columns[i]
		one := schemas.InferColumn{Name: c.name, Type: c.kind(), Nullable: c.count < s.rows, Distinct: len(c.values)}
		if one.Type == schemas.Decimal {
			one.Precision, one.Scale = min(38, c.digits+c.scale), c.scale
		}
		for _, v := range slices.Sorted(maps.Keys(c.values)) {
			if len(one.Examples) < maxExamples {
				one.Examples = append(one.Examples, v)
			}
		}
		out = append(out, one)
	}
	return out
}
