package tables_test

import (
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/schemas"
)

// TestColumnsMayBecomeWider: types grow as Iceberg lets them grow, at any depth, and never back.
func columnsMayBecomeWider(t *testing.T, open opener) {
	elem := func(typ schemas.Type) *schemas.Column {
		return &schemas.Column{Name: "element", ID: 61, Type: typ, Required: true}
	}
	narrow := []schemas.Column{
		{Name: "n", ID: 60, Type: schemas.Int32},
		{Name: "price", ID: 60, Type: schemas.Decimal, Precision: 8, Scale: 2},
		{Name: "list", ID: 60, Type: schemas.List, Elem: elem(schemas.Int32)},
		{Name: "map", ID: 60, Type: schemas.Map, Key: &schemas.Column{Name: "key", ID: 61, Type: schemas.String, Required: true}, Elem: &schemas.Column{Name: "value", ID: 62, Type: schemas.Int32}},
		{Name: "object", ID: 60, Type: schemas.Object, Fields: []schemas.Column{{Name: "n", ID: 61, Type: schemas.Int32}}},
	}
	wide := []schemas.Column{
		{Name: "n", ID: 60, Type: schemas.Int64},
		{Name: "price", ID: 60, Type: schemas.Decimal, Precision: 20, Scale: 2},
		{Name: "list", ID: 60, Type: schemas.List, Elem: elem(schemas.Int64)},
		{Name: "map", ID: 60, Type: schemas.Map, Key: &schemas.Column{Name: "key", ID: 61, Type: schemas.String, Required: true}, Elem: &schemas.Column{Name: "value", ID: 62, Type: schemas.Int64}},
		{Name: "object", ID: 60, Type: schemas.Object, Fields: []schemas.Column{{Name: "n", ID: 61, Type: schemas.Int64}}},
	}
	with := func(c schemas.Column) tables.Spec {
		s := passes()
		s.Columns = append(s.Columns, c)
		return s
	}
	for i := range narrow {
		t.Run(narrow[i].Name, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			tab := l.table(t, with(narrow[i]))
			before := l.append(t, tab, l.now(t, tab), 1, nil, "2026-11-20")
			if _, err := l.cat.Table(t.Context(), with(wide[i])); err != nil {
				t.Fatalf("wider: %v", err)
			}
			again := l.reopen(t)
			if now := again.now(t, tab); now.ID != before.ID || now.Rows != before.Rows {
				t.Errorf("the change of type lost the snapshot: %+v", now)
			}
			_, err := again.cat.Table(t.Context(), with(narrow[i]))
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "may only become wider") {
				t.Errorf("back again: %v, want it refused", err)
			}
		})
	}
	t.Run("another scale", func(t *testing.T) {
		t.Parallel()
		l := open(t)
		l.table(t, with(narrow[1]))
		scaled := narrow[1]
		scaled.Precision, scaled.Scale = 9, 3
		if _, err := l.cat.Table(t.Context(), with(scaled)); !fault.Is(err, fault.Invalid) {
			t.Errorf("another scale: %v, want it refused", err)
		}
	})
}
