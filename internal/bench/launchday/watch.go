package launchday

import (
	"context"
	"fmt"
	"time"

	"github.com/tarn-lake/tarn/internal/bench/machine"
)

// How often resident memory is looked at, and how often progress is told.
const (
	lookEvery = 50 * time.Millisecond
	tellEvery = time.Second
)

// watch tells progress and keeps the most memory that was seen.
func (w *way) watch(ctx context.Context) {
	look, told, used := time.NewTicker(lookEvery), time.Now(), machine.ProcessorTime()
	defer look.Stop()
	for {
		now := machine.Resident()
		w.peak.Store(max(w.peak.Load(), now))
		if since := time.Since(told); since >= tellEvery {
			told = time.Now()
			spent := machine.ProcessorTime() - used
			used += spent
			w.Tell(Progress{
				Elapsed: time.Since(w.begun), Landed: w.sent.Load(), Committed: w.committed.Load(), Total: w.Changes, Resident: now,
				Cores:   spent.Seconds() / since.Seconds(),
				Commits: int(w.rounds.Load()), Merges: int(w.merges.Load()),
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// String is the progress as a line.
func (p Progress) String() string {
	return fmt.Sprintf("%6s  %4.1f %%  landed %d (%.0f/s)  committed %d rows in %d commits  %d merges  %.2f cores  %.0f MB resident",
		p.Elapsed.Round(time.Second), 100*float64(p.Landed)/float64(p.Total), p.Landed, float64(p.Landed)/p.Elapsed.Seconds(),
		p.Committed, p.Commits, p.Merges, p.Cores, float64(p.Resident)/1e6)
}
