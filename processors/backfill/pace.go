package backfill

import (
	"context"
	"time"
)

// Pace holds a source back to what the store may be asked for. It is not safe for concurrent use.
type Pace struct {
	Rate     int     // records a second; 0: no limit
	Capacity float64 // units of read capacity a second; 0: no limit
	Now      func() time.Time
	Wait     func(context.Context, time.Duration) error

	began time.Time
	rows  int64
	units float64
}

// Took says what was read, and returns when as much time has passed as it should have taken.
func (p *Pace) Took(ctx context.Context, rows int, units float64) error {
	if p.began.IsZero() {
		p.began = p.Now()
	}
	p.rows, p.units = p.rows+int64(rows), p.units+units
	var due time.Duration
	if p.Rate > 0 {
		due = time.Duration(float64(p.rows) / float64(p.Rate) * float64(time.Second))
	}
	if p.Capacity > 0 {
		due = max(due, time.Duration(p.units/p.Capacity*float64(time.Second)))
	}
	if ahead := due - p.Now().Sub(p.began); ahead > 0 {
		return p.Wait(ctx, ahead)
	}
	return ctx.Err()
}
