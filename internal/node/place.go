package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

// place is the partition where the lake has a record.
type place struct {
	day    time.Time
	region string
}

// places returns where the lake has records now, by their keys' text.
func (m *mending) places(ctx context.Context, all []verify.Difference) (map[string]place, error) {
	held, err := (lakeView{m.n}).hold(ctx, m.d)
	if err != nil {
		return nil, err
	}
	found := map[string]place{}
	const atOnce = 2_000
	for some := range slices.Chunk(all, atOnce) {
		keys := make([]string, len(some))
		for i, diff := range some {
			keys[i] = quote(diff.Key)
		}
		r, err := held.asked.Whole(ctx, fmt.Sprintf("SELECT %s, epoch(%s)::BIGINT, %s FROM %s WHERE %[1]s IN (%[5]s)",
			keySQL(m.d), schemas.ColDate, schemas.ColRegion, held.state, strings.Join(keys, ", ")))
		if err != nil {
			return nil, err
		}
		for row := range r.Rows {
			found[r.Columns[0].Texts[row]] = place{time.Unix(r.Columns[1].Ints[row], 0).UTC(), r.Columns[2].Texts[row]}
		}
	}
	return found, nil
}
