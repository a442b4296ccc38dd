package node

import (
	"context"
	"fmt"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
)

const (
	rowsOfQuestion = 50_000 // that one question is about
	mostParts      = 1 << 20
)

// inParts asks a question about so many rows for the records of some keys at a time. Which come together is the engine's own
// choice, so it need not be the same in every version of it.
func (h *held) inParts(ctx context.Context, rows int64, ask func(part string) string, each func(*query.Result) error) error {
	parts := rows/rowsOfQuestion + 1
	for part := range parts {
		if err := h.onePart(ctx, part, parts, ask, each); err != nil {
			return err
		}
	}
	return nil
}

// onePart asks for one part, and for its two halves where that is more than the engine may use or an answer may hold.
func (h *held) onePart(ctx context.Context, part, parts int64, ask func(part string) string, each func(*query.Result) error) error {
	where := "true"
	if parts > 1 {
		where = fmt.Sprintf("hash(%s) %% %d = %d", strings.Join(plan.Keys(h.d), ", "), parts, part)
	}
	r, err := h.asked.Whole(ctx, ask(where))
	if fault.Is(err, fault.Exceeded) && ctx.Err() == nil && parts < mostParts {
		if err := h.onePart(ctx, part, 2*parts, ask, each); err != nil {
			return err
		}
		return h.onePart(ctx, part+parts, 2*parts, ask, each)
	}
	if err != nil {
		return err
	}
	return each(r)
}
