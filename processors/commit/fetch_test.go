package commit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/commit"
)

// TestObjectsAreReadSomeAtOnce: four reads are on their way together and never more, and what they bring is committed as if
// they had been one after the other: an object that cannot be read is a hole, one that is gone was another committer's.
func TestObjectsAreReadSomeAtOnce(t *testing.T) {
	t.Parallel()
	const atOnce, batches = 4, 12
	w := newWorld(t, scratch(t))
	w.opts = commit.Options{AtOnce: atOnce}
	w.start(t)
	var want []rec
	var bad string
	for i := range batches {
		n := i * 10
		key := w.land(t, "s/1", note{first: n + 1, last: n + 10, after: n, begin: i == 0}, passes("s/1", n+1, n+10)...)
		if i == 5 {
			bad = key
		} else {
			want = append(want, passes("s/1", n+1, n+10)...)
		}
	}
	var mu sync.Mutex
	together, most, begun := 0, 0, 0
	all := make(chan struct{}) // closed when so many are on their way
	w.files.GetFunc = func(ctx context.Context, key string) ([]byte, error) {
		mu.Lock()
		together, begun = together+1, begun+1
		most = max(most, together)
		if begun == atOnce {
			close(all)
		}
		mu.Unlock()
		defer func() { mu.Lock(); together--; mu.Unlock() }()
		select {
		case <-all:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		body, err := w.files.Dir.Get(ctx, key)
		if key == bad {
			body = body[:len(body)/2]
		}
		return body, err
	}
	report := w.commit(t)
	check(t, w, want...)
	if most != atOnce || len(report.Holes) != 1 || report.Holes[0].Last != seq(60) || report.Objects != batches-1 || len(report.Unreadable) != 1 {
		t.Errorf("%d at once, want %d; %+v", most, atOnce, report)
	}
	if left := w.landing(t); len(left) != 1 || !strings.HasPrefix(left[0], "landing-bad/") {
		t.Errorf("left: %v", left)
	}
}

// TestAReadThatFailsEndsTheOthers: nothing is committed, nothing waits for ever, and the next call does all of it.
func TestAReadThatFailsEndsTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts = commit.Options{AtOnce: 3}
	w.start(t)
	for i := range 9 {
		w.land(t, "s/1", note{first: i + 1, last: i + 1, after: i, begin: i == 0}, pass("s/1", i+1))
	}
	down := errors.New("the network is down")
	w.files.GetFunc = func(ctx context.Context, key string) ([]byte, error) {
		if strings.Contains(key, fmt.Sprint(seq(5))) {
			return nil, fault.Wrap(fault.Transient, down, "read %s", key)
		}
		return w.files.Dir.Get(ctx, key)
	}
	if _, err := w.committer.Commit(t.Context()); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	check(t, w)
	w.files.GetFunc = nil
	w.commit(t)
	check(t, w, passes("s/1", 1, 9)...)
}

// TestARemovalThatFailsIsTriedAgain: the rows are there, and what was not removed is by the next call.
func TestARemovalThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts = commit.Options{AtOnce: 3}
	w.start(t)
	for i := range 9 {
		w.land(t, "s/1", note{first: i + 1, last: i + 1, after: i, begin: i == 0}, pass("s/1", i+1))
	}
	down := errors.New("the disk is down")
	w.hook(func(step, key string) error {
		if step == "file delete" && strings.Contains(key, string(seq(4))) {
			return down
		}
		return nil
	})
	if _, err := w.committer.Commit(t.Context()); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	check(t, w, passes("s/1", 1, 9)...)
	w.hook(nil)
	w.commit(t)
	check(t, w, passes("s/1", 1, 9)...)
	if left := w.landing(t); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
