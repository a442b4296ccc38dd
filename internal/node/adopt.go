package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/schemas"
)

// AdoptArgs asks for a field's history, which was kept in _extra while the schema did not know the field.
type AdoptArgs struct {
	Dataset string `json:"dataset"`
	Field   string `json:"field"`
}

const adoptTries = 10 // against compactions of the same files

func (n *Node) adopt(ctx context.Context, a AdoptArgs, tell Tell) (sum compact.Adopted, err error) {
	d, ok := n.registry.Dataset(a.Dataset)
	if !ok {
		return sum, n.noDataset(a.Dataset)
	}
	typed, err := n.typedField(d, a.Field)
	if err != nil {
		return sum, err
	}
	tell(Step{What: "committing what has landed"})
	if err := n.commit(ctx); err != nil {
		return sum, err
	}
	release, err := n.holdRollup(ctx, d.Name) // whoever stops this half-way leaves no figures of a history that was half of each
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, release(ctx)) }()
	h := n.history(d)
	for _, t := range []*tables.Table{h.Changes, h.Base} {
		if t == nil {
			continue
		}
		tell(Step{What: "reading " + t.Name()})
		for try := 1; ; try++ {
			done, err := n.compactor.Adopt(ctx, h, t, a.Field, typed)
			sum.Files, sum.Rows = sum.Files+done.Files, sum.Rows+done.Rows
			if err == nil {
				sum.Unfit += done.Unfit
				break
			}
			if !fault.Is(err, fault.Conflict) || try == adoptTries {
				return sum, fmt.Errorf("adopt %s of %s: %w", a.Field, t.Name(), err)
			}
		}
	}
	return sum, nil
}

// typedField makes rows of one field's values, as the decoder makes them of a change.
type typedField struct {
	row   *decode.Row
	out   *decode.Output
	rows  *columns.Batch
	name  string
	field int
	keys  map[int]string // by field: any value of its type
}

func (n *Node) typedField(d *schemas.Dataset, name string) (*typedField, error) {
	f, ok := d.Field(name)
	switch {
	case !ok:
		return nil, fault.New(fault.NotFound, "dataset %s has no field %q: declare it in %s, start with that, and adopt it then", d.Name, name, d.File)
	case f.Privacy.Rule == "drop":
		return nil, fault.New(fault.Invalid, "field %q of %s is of privacy drop, so the lake has no column for it", name, d.Name)
	case name == d.Key.Partition || name == d.Key.Sort:
		return nil, fault.New(fault.Invalid, "field %q is part of the key of %s, which no record lacks", name, d.Name)
	}
	plan, err := decode.Compile([]*schemas.Dataset{d}, decode.Options{MaskKey: n.folder.Key("mask")})
	if err != nil {
		return nil, err
	}
	t := &typedField{name: name, out: plan.NewOutput(), keys: map[int]string{}}
	if t.row, err = plan.NewRow(d.Name); err != nil {
		return nil, err
	}
	t.rows, t.field = t.out.Batch(d.Name), t.row.Field(name)
	for _, key := range []string{d.Key.Partition, d.Key.Sort} {
		if k, ok := d.Field(key); ok {
			t.keys[t.row.Field(key)] = anyText(k.Type)
		}
	}
	return t, nil
}

// anyText is the text of some value of a key's type.
func anyText(t schemas.Type) string {
	switch t {
	case schemas.Int32, schemas.Int64, schemas.Decimal:
		return "1"
	case schemas.Day:
		return time.DateOnly
	case schemas.Timestamp:
		return "2006-01-02T15:04:05Z"
	case schemas.Binary:
		return "AA=="
	}
	return "any"
}

// Add appends a row that has the value, of which an age is reckoned to the instant of its change. What a file had as text or as
// a number is read as loading the file would read it.
func (t *typedField) Add(lane string, value []byte, at int64) error {
	for field, text := range t.keys {
		if err := t.row.Text(field, text); err != nil {
			t.row.Clear()
			return err
		}
	}
	text, ok := "", false
	if lake.IsFile(lane) {
		text, ok = plainText(value)
	}
	set := func() error { return t.row.Value(t.field, value) }
	if ok {
		set = func() error { return t.row.Text(t.field, text) }
	}
	if err := set(); err != nil {
		t.row.Clear()
		return err
	}
	zero := lake.Seq(strings.Repeat("0", lake.SeqDigits))
	return t.row.Add(decode.Identity{Op: record.Snapshot, Lane: "any", Seq: zero, At: time.UnixMicro(at).UTC()}, t.out)
}

// plainText returns the text of a value that is one, or a number.
func plainText(value []byte) (string, bool) {
	var v struct{ S, N *string }
	if json.Unmarshal(value, &v) != nil {
		return "", false
	}
	if v.S == nil {
		v.S = v.N
	}
	if v.S == nil {
		return "", false
	}
	return *v.S, true
}

// Named reports whether a column of a file is the field: a draft names it so.
func (t *typedField) Named(lane, member string) bool {
	return lake.IsFile(lane) && schemas.FieldNames([]string{member})[0] == t.name
}

// Rows returns the rows.
func (t *typedField) Rows() *columns.Batch { return t.rows }

// Reset forgets them.
func (t *typedField) Reset() { t.out.Reset() }
