package rollup

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
)

// Merge adds up the rows of small files when enough of one size have come together, so that each row is written again
// only a logarithmic number of times and a reader opens few files. It reports whether it merged any. Conflict where
// somebody tidied up meanwhile: the next turn tries again.
func (r *Rollup) Merge(ctx context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held > 0 {
		return false, nil
	}
	base, err := r.table.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	all, err := base.Files(ctx, tables.Filter{})
	if err != nil {
		return false, err
	}
	old := r.choose(all)
	if len(old) < 2 {
		return false, nil
	}
	rows, sum := columns.New(r.cols), columns.New(r.cols)
	for _, f := range old {
		if err := r.read(ctx, f, rows); err != nil {
			return false, err
		}
	}
	r.sum(sum, rows, nil)
	if sum.Rows() == 0 {
		nothing(sum)
	}
	file, err := r.write(ctx, sum, columns.Zstd, fmt.Sprintf("m-%d-%s", base.Through, r.opts.NewID()))
	if err != nil {
		return false, err
	}
	if _, err := r.table.Replace(ctx, base, old, []tables.NewFile{file}, tables.Update{Marker: r.opts.NewID()}); err != nil {
		r.discard(ctx, file)
		return false, err
	}
	return true, nil
}

// Void takes every row out, for when the history below is rewritten: the next refresh makes the table anew, and until then
// nobody reads it.
func (r *Rollup) Void(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	base, err := r.table.Snapshot(ctx)
	if err != nil || base.ID == 0 {
		return err
	}
	old, err := base.Files(ctx, tables.Filter{})
	if err != nil {
		return err
	}
	none := columns.New(r.cols)
	nothing(none)
	file, err := r.write(ctx, none, columns.Snappy, "v-"+r.opts.NewID())
	if err != nil {
		return err
	}
	doubted := lake.ParseRollup(base.Properties[lake.PropRollup]).Doubted
	void := map[string]string{lake.PropRollup: lake.Rollup{Doubted: doubted}.String()}
	if _, err := r.table.Replace(ctx, base, old, []tables.NewFile{file}, tables.Update{Marker: r.opts.NewID(), Properties: void}); err != nil {
		r.discard(ctx, file)
		return err
	}
	r.resting = time.Time{}
	return nil
}

// choose returns the smallest files, up to the largest size of which there are enough.
func (r *Rollup) choose(files []tables.File) []tables.File {
	slices.SortFunc(files, func(a, b tables.File) int { return int(a.Rows - b.Rows) })
	for n := len(files); n >= r.opts.FanIn; n-- {
		if tier(files[n-1].Rows) == tier(files[n-r.opts.FanIn].Rows) {
			return files[:n]
		}
	}
	return nil
}

// tier is the size class of a file: each is four times the one below.
func tier(rows int64) int {
	n := 0
	for ; rows > 256; rows /= 4 {
		n++
	}
	return n
}
