package compact

import (
	"context"
	"errors"
	"sync"

	"github.com/tarn-lake/tarn/internal/tables"
)

// parts is the changes of a base merge, of which each worker takes as many files as it has memory for.
type parts struct {
	mu      sync.Mutex
	left    []tables.File
	spilled [][]spill // by the number of the part
}

// spill is a file of a bucket's rows of one part, in the order of the keys.
type spill struct {
	tables.NewFile
	ends []int64 // of the rows of each range
}

// next opens the next part within the memory of a worker; its first file may be larger. It returns no input when none is left.
func (p *parts) next(ctx context.Context, b *baseMerge) (number int, _ *input, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := ctx.Err(); err != nil || len(p.left) == 0 {
		return 0, nil, err
	}
	in, err := b.input(ctx, p.left[:1], b.cols)
	if err != nil {
		return 0, nil, err
	}
	n := 1
	for ; n < len(p.left); n++ {
		if err := b.add(ctx, in, p.left[n]); err != nil {
			return 0, nil, errors.Join(err, in.close())
		}
		if in.sources.Memory(b.paths...) > b.room() {
			in.sources.Truncate(n)
			in.files = in.files[:n]
			break
		}
	}
	p.left, p.spilled = p.left[n:], append(p.spilled, nil)
	return len(p.spilled) - 1, in, nil
}

// done notes what a part was written to, all of it or not.
func (p *parts) done(number int, files []spill) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spilled[number] = files
}

// buckets returns the files by bucket, in the order of the parts, whoever wrote them.
func (p *parts) buckets() map[int][]spill {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := map[int][]spill{}
	for _, files := range p.spilled {
		for _, f := range files {
			of[f.Bucket] = append(of[f.Bucket], f)
		}
	}
	return of
}
