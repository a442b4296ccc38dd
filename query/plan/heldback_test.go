package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// TestHeldBackIsOfTheRange: what was made outside the range of a question is not held back from its answer.
func TestHeldBackIsOfTheRange(t *testing.T) {
	t.Parallel()
	registry := schemas.NewRegistry([]*schemas.Dataset{{Name: "orders", Stream: "orders_v1"}}, nil, nil)
	env := plan.Env{Registry: registry, Dialect: plan.DuckDB(), Regions: []string{viewer.All}}
	from, to := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	lower, upper := "AND _at >= cast('2026-11-20 00:00:00.000000+00:00'", "AND _at < cast('2026-11-21 00:00:00.000000+00:00'"
	for _, c := range []struct {
		from, to     time.Time
		lower, upper bool
	}{{from, to, true, true}, {time.Time{}, to, false, true}, {from, time.Time{}, true, false}, {}} {
		st, err := plan.HeldBack([]string{"orders"}, c.from, c.to, env)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(st.SQL, lower) != c.lower || strings.Contains(st.SQL, upper) != c.upper || !strings.Contains(st.SQL, "WHERE (dataset = ?") {
			t.Errorf("from %v to %v: got %s", c.from, c.to, st.SQL)
		}
	}
}
