package node

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

const mostChanged = 1_000_000 // keys with changes above the base, of which the digests are in memory

// Rows hands over current state.
func (h *held) Rows(ctx context.Context, region string, each func(key, row []byte) error) error {
	return h.rows(ctx, region, nil, func(r stateRow) error { return each(r.key, r.row) })
}

// Aged hands over the same with its age bands.
func (h *held) Aged(ctx context.Context, region string, each func(key, row, bands []byte, at int64) error) error {
	return h.rows(ctx, region, verify.AgeBands(h.d), func(r stateRow) error {
		at, err := strconv.ParseInt(string(r.at), 10, 64)
		if err != nil {
			return fmt.Errorf("the record %q has no time: %w", r.key, err)
		}
		return each(r.key, r.row, r.bands, at)
	})
}

// rows hands over current state, with age bands if these are given. What a base says of records that have not changed since
// is read from its files; all else, the rules of what is the latest row above all, is left to the engine.
func (h *held) rows(ctx context.Context, region string, bands []schemas.Field, each func(stateRow) error) error {
	columns := h.plainColumns(bands)
	changed := h.changedRows()
	if columns == nil || changed > mostChanged {
		return h.answered(ctx, "SELECT * FROM "+h.state, region, h.About().Rows, bands, each)
	}
	later := map[uint64]bool{}
	if changed > 0 {
		since := "SELECT * FROM " + plan.Ident(h.d.ChangesTable()) + " WHERE _commit > " + strconv.FormatInt(h.through(), 10)
		names := strings.Join(plan.Keys(h.d), ", ")
		keys := "SELECT DISTINCT " + names + " FROM (" + since + ")"
		r, err := h.asked.Whole(ctx, "SELECT "+keySQL(h.d)+" FROM ("+keys+")")
		if err != nil {
			return err
		}
		for row := range r.Rows {
			later[verify.Hash([]byte(r.Columns[0].Texts[row]))] = true
		}
		latest := "SELECT * FROM " + plan.Latest(h.d, "("+since+")") + " WHERE " + plan.Present
		if h.asked.Pinned().Late[h.d.Name] > h.through() { // what the base says may still be the latest
			latest = "SELECT s.* FROM " + h.state + " AS s SEMI JOIN (" + keys + ") AS d USING (" + names + ")"
		}
		if err := h.answered(ctx, latest, region, int64(len(later)), bands, each); err != nil {
			return err
		}
	}
	return h.unchanged(ctx, columns, region, later, each)
}

func (h *held) through() int64 { return h.asked.Pinned().Through[h.d.Name] }

// changedRows returns about how many rows the history has above the base.
func (h *held) changedRows() (rows int64) {
	for _, f := range h.asked.Pinned().Relations[h.d.ChangesTable()].Files {
		if f.Upper == 0 || f.Upper > h.through() {
			rows += f.Rows
		}
	}
	return rows
}

// baseColumns is what is read of a base's files.
type baseColumns struct {
	op, region *textColumn
	keys, row  []*textColumn
	at         *textColumn // nil: without age bands
	bands      []*textColumn
	all        []*textColumn
}

// plainColumns returns the columns of the base that make a row's texts; nil where there is no base, or one without a column
// of a field.
func (h *held) plainColumns(bands []schemas.Field) *baseColumns {
	rel, ok := h.asked.Pinned().Relations[h.d.BaseTable()]
	if _, based := h.asked.Pinned().Through[h.d.Name]; !ok || !based || h.state != plan.Ident(h.d.Name) {
		return nil
	}
	fields := verify.Comparable(h.d)
	t := textColumns{of: rel.Columns}
	c := &baseColumns{op: t.plain(schemas.ColOp, schemas.String), region: t.plain(schemas.ColRegion, schemas.String), keys: t.key(h.d), row: t.row(fields)}
	if last := len(bands) - 1; last > 0 {
		c.at, c.bands = t.column(bands[last]), t.row(bands[:last])
	}
	if t.lacks {
		return nil
	}
	c.all = t.all
	return c
}

// nested reports whether a field holds values in values.
func nested(f schemas.Field) bool {
	return f.Type == schemas.List || f.Type == schemas.Set || f.Type == schemas.Map || f.Type == schemas.Object
}

// unchanged hands over the base's rows that leave a record, but for those of the keys that have changed later.
func (h *held) unchanged(ctx context.Context, c *baseColumns, region string, later map[uint64]bool, each func(stateRow) error) error {
	var one stateRow
	take := func(i int) error {
		text, _ := c.op.at(i)
		if op := record.Op(text); op.Gone() || op == record.Leave {
			return nil
		}
		if at, _ := c.region.at(i); region != "" && string(at) != region {
			return nil
		}
		one.key, one.row = appendTexts(one.key[:0], c.keys, i, ""), appendTexts(one.row[:0], c.row, i, "\x1e")
		if later[verify.Hash(one.key)] {
			return nil
		}
		if c.at != nil {
			one.at, _ = c.at.at(i)
			one.bands = appendTexts(one.bands[:0], c.bands, i, "\x1e")
		}
		return each(one)
	}
	for _, f := range h.asked.Pinned().Relations[h.d.BaseTable()].Files {
		if err := h.readFile(ctx, f, c.all, nil, take); err != nil {
			return err
		}
	}
	return nil
}

// readFile reads a file, of a bucket's a copy that is held meanwhile.
func (h *held) readFile(ctx context.Context, f query.File, columns []*textColumn, may groupFilter, take func(int) error) error {
	if h.n.copies != nil {
		release, err := h.n.copies.Hold(ctx, []string{f.Path})
		if err != nil {
			return err
		}
		defer release()
	}
	return textsOf(ctx, f.Path, columns, may, take)
}

// appendTexts joins the texts of a row as concat_ws does: nulls as the given text, or left out where that is empty.
func appendTexts(b []byte, columns []*textColumn, row int, null string) []byte {
	first := true
	for _, c := range columns {
		text, set := c.at(row)
		if !set && null == "" {
			continue
		}
		if !first {
			b = append(b, 0x1f)
		}
		if first = false; set {
			b = append(b, text...)
		} else {
			b = append(b, null...)
		}
	}
	return b
}
