package launchday

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"time"
)

// How often resident memory is looked at, and how often progress is told.
const (
	lookEvery = 50 * time.Millisecond
	tellEvery = time.Second
)

// watch tells progress and keeps the most memory that was seen.
func (w *way) watch(ctx context.Context) {
	look, told := time.NewTicker(lookEvery), time.Now()
	defer look.Stop()
	for {
		now := resident()
		w.peak.Store(max(w.peak.Load(), now))
		if time.Since(told) >= tellEvery {
			told = time.Now()
			w.Tell(Progress{
				Elapsed: time.Since(w.begun), Landed: w.sent.Load(), Committed: w.committed.Load(), Total: w.Changes, Resident: now,
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

// resident returns the process's resident memory, 0 where the system does not tell.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
