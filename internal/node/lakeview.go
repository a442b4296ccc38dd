package node

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// lakeView is the lake as verify reads it: through the engine that answers everybody's questions.
type lakeView struct{ n *Node }

// Await returns once the dataset is complete to t.
func (v lakeView) Await(ctx context.Context, d *schemas.Dataset, t time.Time) error {
	return v.n.await(ctx, d, t)
}

// Hold returns the dataset as it is now.
func (v lakeView) Hold(ctx context.Context, d *schemas.Dataset) (verify.Held, error) {
	return v.hold(ctx, d)
}

func (v lakeView) hold(ctx context.Context, d *schemas.Dataset) (*held, error) {
	h, err := v.n.query.Hold(ctx, d.Name, d.ChangesTable(), schemas.QuarantineTable)
	if err != nil {
		return nil, err
	}
	return &held{n: v.n, d: d, asked: h, state: plan.Ident(d.Name), changed: verify.ComparableChanges(d), lost: v.n.withoutLost(ctx, h.Pinned())}, nil
}

// held is a dataset at one moment.
type held struct {
	n       *Node
	d       *schemas.Dataset
	asked   *query.Held
	lost    []string        // paths of files that cannot be read
	state   string          // the relation of current state
	changed []schemas.Field // that texts of changes are made of
	upTo    string          // a condition on changes that leaves out later commits; empty: all
}

// About says what is held.
func (h *held) About() verify.Pin {
	p := h.asked.Pinned()
	pin := verify.Pin{Commit: p.Commits[h.d.ChangesTable()], Through: p.Through[h.d.Name], Snapshots: p.Snapshots, Horizon: p.Horizons[h.d.Name], Lost: h.lost}
	for name, rel := range p.Relations {
		for _, f := range rel.Files {
			if name == h.d.BaseTable() || name == h.d.ChangesTable() && f.Upper > pin.Through {
				pin.Rows += f.Rows
			}
		}
	}
	return pin
}

// Records asks for the records of some keys.
func (h *held) Records(ctx context.Context, keys []string, each func(string, []verify.Value)) error {
	return h.valuesOf(ctx, "SELECT *, false AS _gone FROM "+h.state, keys, each)
}

// Since asks for what the changes of some keys left behind.
func (h *held) Since(ctx context.Context, commit int64, keys []string, each func(string, []verify.Value)) error {
	return h.valuesOf(ctx, "SELECT *, "+goneSQL+" AS _gone FROM "+plan.Ident(h.d.ChangesTable())+
		" WHERE _commit > "+strconv.FormatInt(commit, 10)+" AND _op <> "+quote(string(record.Leave)), keys, each)
}

// valuesOf asks for the rows of some keys in a relation that says which leave no record.
func (h *held) valuesOf(ctx context.Context, from string, keys []string, each func(string, []verify.Value)) error {
	fields := append(verify.Comparable(h.d), verify.AgeBands(h.d)...)
	columns := []string{"_k", "_gone::VARCHAR"}
	for i := range fields {
		columns = append(columns, textSQL(&fields[i]))
	}
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = quote(k)
	}
	r, err := h.asked.Whole(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM (SELECT *, "+keySQL(h.d)+" AS _k FROM ("+from+
		")) WHERE _k IN ("+strings.Join(list, ", ")+")")
	if half := len(keys) / 2; fault.Is(err, fault.Exceeded) && half > 0 { // more than an answer may hold
		if err := h.valuesOf(ctx, from, keys[:half], each); err != nil {
			return err
		}
		return h.valuesOf(ctx, from, keys[half:], each)
	}
	if err != nil {
		return err
	}
	values := make([]verify.Value, len(fields))
	for row := range r.Rows {
		if r.Columns[1].Texts[row] == "true" {
			each(r.Columns[0].Texts[row], nil)
			continue
		}
		for i := range fields {
			c := &r.Columns[2+i]
			if values[i] = (verify.Value{}); !c.IsNull(row) {
				values[i] = verify.Value{Text: c.Texts[row], Set: true}
			}
		}
		each(r.Columns[0].Texts[row], values)
	}
	return nil
}

const namedIdentities = 10_000

// Identities counts the history's rows and those whose identity another row has.
func (h *held) Identities(ctx context.Context) (rows, doubled int64, some []verify.Identity, err error) {
	name := plan.Ident(h.d.ChangesTable())
	r, err := h.asked.Whole(ctx, "SELECT coalesce(sum(n), 0)::BIGINT, (coalesce(sum(n), 0) - count(*))::BIGINT FROM (SELECT count(*) AS n FROM "+name+" GROUP BY hash(_shard, _seq))")
	if err != nil {
		return 0, 0, nil, err
	}
	rows, doubled = r.Columns[0].Ints[0], r.Columns[1].Ints[0]
	if doubled == 0 {
		return rows, 0, nil, nil
	}
	r, err = h.asked.Whole(ctx, fmt.Sprintf("SELECT _shard, _seq, any_value(%s), count(*) FROM %s GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 1, 2 LIMIT %d",
		keySQL(h.d), name, namedIdentities))
	if err != nil {
		return 0, 0, nil, err
	}
	for row := range r.Rows {
		for range r.Columns[3].Ints[row] - 1 {
			some = append(some, verify.Identity{Shard: r.Columns[0].Texts[row], Seq: shortSeq(r.Columns[1].Texts[row]), Key: r.Columns[2].Texts[row]})
		}
	}
	return rows, doubled, some, nil
}

func shortSeq(seq string) string {
	if t := strings.TrimLeft(seq, "0"); t != "" {
		return t
	}
	return "0"
}

// rowSQL is the canonical text of a row, as verify makes it of a record of the store.
func rowSQL(fields []schemas.Field) string {
	texts := make([]string, len(fields))
	for i := range fields {
		texts[i] = "coalesce(" + textSQL(&fields[i]) + ", chr(30))"
	}
	return "concat_ws(chr(31), " + strings.Join(texts, ", ") + ")"
}

// keySQL is the canonical text of a key.
func keySQL(d *schemas.Dataset) string {
	texts := []string{}
	for _, name := range []string{d.Key.Partition, d.Key.Sort} {
		if name == "" {
			continue
		}
		f, ok := d.Field(name)
		if !ok {
			f = &schemas.Field{Name: name, Type: schemas.String}
		}
		texts = append(texts, textSQL(f))
	}
	return "concat_ws(chr(31), " + strings.Join(texts, ", ") + ")"
}

// textSQL is the canonical text of a column, null where it is.
func textSQL(f *schemas.Field) string {
	name := plan.Ident(f.Name)
	if f.Name == verify.RegionField {
		name = schemas.ColRegion
	}
	return valueSQL(name, f, 0)
}

// valueSQL is the canonical text of a value that lies so deep in others.
func valueSQL(name string, f *schemas.Field, depth int) string {
	switch f.Type {
	case schemas.String, schemas.Enum:
		return name
	case schemas.Timestamp:
		return "epoch_us(" + name + ")::VARCHAR"
	case schemas.Binary:
		return "base64(" + name + ")"
	case schemas.List, schemas.Set:
		return listSQL(name, f, depth)
	case schemas.Object:
		return objectSQL(name, f, depth)
	case schemas.Map:
		return mapSQL(name, f, depth)
	}
	return name + "::VARCHAR"
}

func listSQL(name string, f *schemas.Field, depth int) string {
	e := fmt.Sprintf("e%d", depth)
	texts := "list_transform(" + name + ", lambda " + e + ": " + valueSQL(e, f.Elem, depth+1) + ")"
	if f.Type == schemas.Set {
		texts = "list_sort(" + texts + ")"
	}
	return "'[' || array_to_string(" + texts + ", chr(29))"
}

func objectSQL(name string, f *schemas.Field, depth int) string {
	var texts []string
	for i := range f.Fields {
		member := "struct_extract(" + name + ", " + quote(f.Fields[i].Name) + ")"
		texts = append(texts, "coalesce("+valueSQL(member, &f.Fields[i], depth)+", chr(30))")
	}
	return "(CASE WHEN " + name + " IS NULL THEN NULL ELSE '{' || concat_ws(chr(28), " + strings.Join(texts, ", ") + ") || '}' END)"
}

func mapSQL(name string, f *schemas.Field, depth int) string {
	e := fmt.Sprintf("e%d", depth)
	entry := e + ".key || chr(27) || coalesce(" + valueSQL(e+".value", f.Elem, depth+1) + ", chr(30))"
	return "(CASE WHEN " + name + " IS NULL THEN NULL ELSE '<' || array_to_string(list_sort(list_transform(map_entries(" + name + "), lambda " + e + ": " + entry + ")), chr(28)) || '>' END)"
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// awaitEvery is how often await looks when no commit wakes it.
const awaitEvery = 50 * time.Millisecond

// await returns once the dataset's lake is complete to t.
func (n *Node) await(ctx context.Context, d *schemas.Dataset, t time.Time) error {
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		if p := n.progress[d.Stream]; p == nil || !p.Complete().Before(t) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fault.Wrap(fault.Transient, ctx.Err(), "the lake was not complete to %s in time", t.Format(time.RFC3339))
		case <-tick.C:
		}
	}
}
