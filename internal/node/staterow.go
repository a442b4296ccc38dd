package node

import (
	"context"

	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/schemas"
)

var _ verify.Aging = (*held)(nil)

// stateRow is the texts of one record of current state.
type stateRow struct {
	key, row  []byte
	at, bands []byte // where age bands are asked for
}

// answered asks for the texts of a relation, so many rows at a time.
func (h *held) answered(ctx context.Context, from, region string, rows int64, bands []schemas.Field, each func(stateRow) error) error {
	within := ""
	if region != "" {
		within = " AND region = " + quote(region)
	}
	columns := keySQL(h.d) + ", " + rowSQL(verify.Comparable(h.d))
	if last := len(bands) - 1; last > 0 {
		columns += ", " + textSQL(&bands[last]) + ", " + rowSQL(bands[:last])
	}
	return h.inParts(ctx, rows, func(part string) string {
		return "SELECT " + columns + " FROM (" + from + ") WHERE " + part + within
	}, func(r *query.Result) error {
		for row := range r.Rows {
			one := stateRow{key: []byte(r.Columns[0].Texts[row]), row: []byte(r.Columns[1].Texts[row])}
			if len(bands) > 0 {
				one.at, one.bands = []byte(r.Columns[2].Texts[row]), []byte(r.Columns[3].Texts[row])
			}
			if err := each(one); err != nil {
				return err
			}
		}
		return nil
	})
}
