package compact

import (
	"sort"

	"github.com/tarn-lake/tarn/processors/columns"
)

// fences tell ranges of the keys apart: a key belongs to the range before the first fence above it. Rows of equal keys are
// always in one range.
type fences struct {
	keys *columns.Batch // of the fences, which ascend
	sort []columns.SortKey
}

// fences returns those of n ranges that have about as many of the samples each.
func (m *merger) fences(samples *columns.Batch, n int) *fences {
	f := &fences{keys: columns.New(samples.Columns()), sort: m.sort}
	order := samples.SortOrder(m.sort)
	var at []int32
	for r := 1; r < n && len(order) > 0; r++ {
		at = append(at, order[r*len(order)/n])
	}
	if err := f.keys.Gather(samples, at); err != nil {
		panic(err) // a batch takes rows of its own columns
	}
	if len(at) > 0 { // leaves learn where their rows are when they are first asked, and workers ask at once
		columns.Compare(f.keys, 0, f.keys, 0, f.sort)
	}
	return f
}

// ranges returns how many ranges there are.
func (f *fences) ranges() int { return f.keys.Rows() + 1 }

// ends returns where the rows of each range end among n rows that are in the order of the keys, given by their numbers.
func (f *fences) ends(keys *columns.Batch, n int, row func(int) int) []int64 {
	ends, at := make([]int64, 0, f.ranges()), 0
	for i := range f.keys.Rows() {
		at += sort.Search(n-at, func(j int) bool { return columns.Compare(keys, row(at+j), f.keys, i, f.sort) >= 0 })
		ends = append(ends, int64(at))
	}
	return append(ends, int64(n))
}

// cuts returns where each run's rows of each range begin, and where those of the last end. Every file is sorted, so its
// rows of a range follow each other.
func (s *scanner) cuts(runs []run, f *fences) ([][]int64, error) {
	cuts := make([][]int64, f.ranges()+1)
	for r := range cuts {
		cuts[r] = make([]int64, len(runs))
		for i := range runs {
			cuts[r][i] = runs[i].from
		}
	}
	err := s.keysOf(runs, func(i int, _ int64, keys *columns.Batch) error {
		for r, n := range f.ends(keys, keys.Rows(), func(row int) int { return row }) {
			cuts[r+1][i] += n
		}
		return nil
	})
	return cuts, err
}

// sample adds every so manieth key of the runs.
func (s *scanner) sample(samples *columns.Batch, runs []run, every int) error {
	skip := every / 2
	return s.keysOf(runs, func(_ int, _ int64, keys *columns.Batch) error {
		var picked []int32
		for ; skip < keys.Rows(); skip += every {
			picked = append(picked, int32(skip))
		}
		skip -= keys.Rows()
		return samples.Gather(keys, picked)
	})
}
