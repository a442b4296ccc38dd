package compact

import (
	"slices"
	"sort"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

const (
	sampleRows = 128     // keys looked at to find where a range ends
	scanRows   = 1 << 16 // keys in memory while they are looked at
)

// fixedMemory is what a merge has in memory however few its rows: compressors, pages, tables.
const fixedMemory = 13 << 20

// room returns the bytes that a merge's rows may take. Half the budget is for what is in use, the other half for what was
// and is not yet collected.
func (m *merger) room() int64 { return m.memory/2 - fixedMemory }

// ranges hands over the input's rows, all at once where they fit the memory, else range by range of the keys.
func (m *merger) ranges(in *input, write func(*columns.Sources) error) error {
	need, room := in.sources.Memory(m.paths...), m.room()
	if need <= room {
		return write(in.sources)
	}
	cuts, err := m.cuts(in, int(need*3/(room*2))+1)
	if err != nil {
		return err
	}
	part := columns.NewSources(m.cols)
	for r := range len(cuts) - 1 {
		part.Reset()
		for i, f := range in.files {
			if err := part.AddRows(f, cuts[r][i], cuts[r+1][i]); err != nil {
				return err
			}
		}
		if part.Rows() == 0 {
			continue
		}
		if err := write(part); err != nil {
			return err
		}
	}
	return nil
}

// cuts returns where each file's rows of each range begin, and where those of the last end. Every file is sorted, so its
// rows of a range follow each other; rows of equal keys are always in one range.
func (m *merger) cuts(in *input, n int) ([][]int64, error) {
	scan := m.scanner()
	samples := columns.New(scan.cols)
	every := max(1, in.sources.Rows()/(n*sampleRows))
	skip := every / 2
	err := scan.each(in, func(_ int, _ int64, keys *columns.Batch) error {
		var picked []int32
		for ; skip < keys.Rows(); skip += every {
			picked = append(picked, int32(skip))
		}
		skip -= keys.Rows()
		return samples.Gather(keys, picked)
	})
	if err != nil {
		return nil, err
	}
	order := samples.SortOrder(m.sort)
	cuts := make([][]int64, n+1)
	for r := range cuts {
		cuts[r] = make([]int64, len(in.files))
	}
	for i, f := range in.files {
		cuts[n][i] = f.Rows()
		for r := 1; r < n; r++ {
			cuts[r][i] = f.Rows()
		}
	}
	err = scan.each(in, func(file int, at int64, keys *columns.Batch) error {
		for r := 1; r < n; r++ {
			first := int(order[r*len(order)/n])
			i := sort.Search(keys.Rows(), func(i int) bool { return columns.Compare(keys, i, samples, first, m.sort) >= 0 })
			if i < keys.Rows() {
				cuts[r][file] = min(cuts[r][file], at+int64(i))
			}
		}
		return nil
	})
	return cuts, err
}

// scanner reads the keys of files a run of rows at a time, and checks that each file is in their order.
type scanner struct {
	cols  []schemas.Column
	keys  []columns.SortKey
	paths []string
}

func (m *merger) scanner() *scanner {
	s := &scanner{keys: m.sort}
	for _, k := range m.sort {
		s.paths = append(s.paths, k.Path)
	}
	for _, c := range m.cols {
		if slices.Contains(s.paths, c.Name) {
			s.cols = append(s.cols, c)
		}
	}
	return s
}

// each hands over the keys of every run of rows of every file, and which file and row it begins at.
func (s *scanner) each(in *input, do func(file int, at int64, keys *columns.Batch) error) error {
	sources, keys, last := columns.NewSources(s.cols), columns.New(s.cols), columns.New(s.cols)
	for i, f := range in.files {
		last.Reset()
		for at := int64(0); at < f.Rows(); at += scanRows {
			sources.Reset()
			keys.Reset()
			if err := sources.AddRows(f, at, min(at+scanRows, f.Rows())); err != nil {
				return err
			}
			if err := sources.Keys(keys, s.paths...); err != nil {
				return err
			}
			if err := s.inOrder(keys, last); err != nil {
				return err
			}
			if err := do(i, at, keys); err != nil {
				return err
			}
		}
	}
	return nil
}

// inOrder checks that the keys follow each other and the last of the run before, and keeps their last.
func (s *scanner) inOrder(keys, last *columns.Batch) error {
	bad := last.Rows() > 0 && columns.Compare(last, 0, keys, 0, s.keys) > 0
	for i := 1; i < keys.Rows() && !bad; i++ {
		bad = columns.Compare(keys, i-1, keys, i, s.keys) > 0
	}
	if bad {
		return errUnsorted
	}
	last.Reset()
	return last.Gather(keys, []int32{int32(keys.Rows() - 1)})
}

var errUnsorted = fault.New(fault.Invalid, "a file of the table is not sorted as its table is: another program wrote it")
