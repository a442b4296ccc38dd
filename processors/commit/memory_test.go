package commit_test

import (
	"context"
	"runtime"
	"testing"
	"weak"
)

// What a pass committed is let go of: memory is that of one pass, however much waits.
func TestAPassIsLetGoOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t, scratch(t))
	w.opts.MaxBytes = 1 // one object a pass
	w.start(t)
	const objects = 12
	for i := range objects {
		w.land(t, "s/1", note{first: i + 1, last: i + 1, after: i, begin: i == 0}, pass("s/1", i+1))
	}
	var read []weak.Pointer[byte]
	most := 0
	w.files.GetFunc = func(ctx context.Context, key string) ([]byte, error) {
		body, err := w.files.Dir.Get(ctx, key)
		runtime.GC()
		alive := 0
		for _, p := range read {
			if p.Value() != nil {
				alive++
			}
		}
		if most = max(most, alive); err == nil {
			read = append(read, weak.Make(&body[0]))
		}
		return body, err
	}
	w.commit(t)
	if len(read) != objects || most > 2 {
		t.Errorf("%d objects were read, and %d of those of earlier passes were in memory at once", len(read), most)
	}
}
