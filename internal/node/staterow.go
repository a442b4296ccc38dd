package node

import (
	"context"
	"fmt"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

var _ verify.Aging = (*held)(nil)

// stateRow is the texts of one record of current state.
type stateRow struct {
	key, row  []byte
	at, bands []byte // where age bands are asked for
}

const (
	rowsOfQuestion = 50_000 // whose texts are in one answer
	mostParts      = 1 << 20
)

// answered asks for the texts of a relation, so many rows at a time.
func (h *held) answered(ctx context.Context, from, region string, rows int64, bands []schemas.Field, each func(stateRow) error) error {
	parts := rows/rowsOfQuestion + 1
	for part := range parts {
		if err := h.answeredPart(ctx, from, region, part, parts, bands, each); err != nil {
			return err
		}
	}
	return nil
}

// answeredPart asks for one part, and for its two halves where that is more than an answer may hold. Which rows come
// together is the engine's own choice, so it need not be the same in every version of it.
func (h *held) answeredPart(ctx context.Context, from, region string, part, parts int64, bands []schemas.Field, each func(stateRow) error) error {
	where := fmt.Sprintf("hash(%s) %% %d = %d", strings.Join(plan.Keys(h.d), ", "), parts, part)
	if parts == 1 {
		where = "true"
	}
	if region != "" {
		where += " AND region = " + quote(region)
	}
	columns := keySQL(h.d) + ", " + rowSQL(verify.Comparable(h.d))
	if last := len(bands) - 1; last > 0 {
		columns += ", " + textSQL(&bands[last]) + ", " + rowSQL(bands[:last])
	}
	r, err := h.asked.Whole(ctx, "SELECT "+columns+" FROM ("+from+") WHERE "+where)
	if fault.Is(err, fault.Exceeded) && parts < mostParts {
		if err := h.answeredPart(ctx, from, region, part, 2*parts, bands, each); err != nil {
			return err
		}
		return h.answeredPart(ctx, from, region, part+parts, 2*parts, bands, each)
	}
	if err != nil {
		return err
	}
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
}
