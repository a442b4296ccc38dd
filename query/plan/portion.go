package plan

import (
	"fmt"
	"strings"

	"github.com/tarn-lake/tarn/schemas"
)

// maxParts bounds into how many parts the records of a history are divided.
const maxParts = 64

// portion is a part of what a refresh asks for. Whatever a rollup keeps adds up, so the rows of all portions together are
// those of the whole. The zero portion is all.
type portion struct {
	metrics     []schemas.DailyMetric // with the slices that are asked for; nil: every one
	part, parts int                   // of the records, told apart by their keys; 0 parts: all of them
}

// Split divides what the refresh asks for, so that each statement needs less memory: by metrics, then by the ways in which
// one metric's rows are split, at last by records. There is none where nothing is left to divide.
func (r Refresh) Split() []Refresh {
	var all []Refresh
	narrow := func(p portion) {
		n := r
		n.portion = p
		all = append(all, n)
	}
	metrics := r.metrics()
	switch {
	case len(metrics) > 1:
		for i := range metrics {
			narrow(portion{metrics: metrics[i : i+1]})
		}
	case len(metrics) == 1 && len(metrics[0].Slices) > 1:
		half := len(metrics[0].Slices) / 2
		for _, list := range [][]schemas.Slice{metrics[0].Slices[:half], metrics[0].Slices[half:]} {
			m := metrics[0]
			m.Slices = list
			narrow(portion{metrics: []schemas.DailyMetric{m}})
		}
	default:
		return r.Halve()
	}
	return all
}

// Halve divides what the refresh asks for by records, with all metrics that it is about. There are none where a part cannot
// be divided.
func (r Refresh) Halve() []Refresh {
	if r.Env.Dialect.part == nil || r.portion.parts >= maxParts {
		return nil
	}
	one, other, n := r, r, max(r.portion.parts, 1)
	one.portion.parts, other.portion.parts = 2*n, 2*n
	other.portion.part += n
	return []Refresh{one, other}
}

func (r Refresh) metrics() []schemas.DailyMetric {
	if r.portion.metrics != nil {
		return r.portion.metrics
	}
	return r.Daily.Metrics
}

// condition holds for rows of the portion's records, empty: for all. A record's rows are all in one part, with the marks that
// it left behind.
func (p portion) condition(d *schemas.Dataset, dialect Dialect) string {
	if p.parts == 0 {
		return ""
	}
	by := []string{"_shard", "_seq"}
	if !d.Key.IsZero() {
		by = Keys(d)
	}
	return dialect.part(strings.Join(by, ", "), p.part, p.parts)
}

// hashed is the condition of rows whose hash falls into a part.
func hashed(columns string, part, parts int) string {
	return fmt.Sprintf("hash(%s) %% %d = %d", columns, parts, part)
}
