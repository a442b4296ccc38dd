package compact

import (
	"slices"

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

// run is rows from..to of a file.
type run struct {
	file     *columns.File
	from, to int64
}

// runs returns all rows of all files.
func (in *input) runs() []run {
	var all []run
	for _, f := range in.files {
		all = append(all, run{f, 0, f.Rows()})
	}
	return all
}

// fill makes the runs the sources, and returns how many bytes they take.
func (m *merger) fill(s *columns.Sources, runs []run) (int64, error) {
	s.Reset()
	for _, r := range runs {
		if r.from == r.to {
			continue
		}
		if err := s.AddRows(r.file, r.from, r.to); err != nil {
			return 0, err
		}
	}
	return s.Memory(m.paths...), nil
}

// ranges hands over the runs' rows, all at once where they fit the memory, else range by range of the keys.
func (m *merger) ranges(runs []run, write func(*columns.Sources) error) error {
	part := columns.NewSources(m.cols)
	need, err := m.fill(part, runs)
	if err != nil {
		return err
	}
	if need <= m.room() {
		return write(part)
	}
	list, err := m.divide(runs, need)
	if err != nil {
		return err
	}
	for _, s := range list {
		if _, err := m.fill(part, s.of(runs)); err != nil {
			return err
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

// divide returns the stretches of runs whose rows need more memory than there is.
func (m *merger) divide(runs []run, need int64) ([]stretch, error) {
	cuts, err := m.cuts(runs, int(need*3/(m.room()*2))+1)
	if err != nil {
		return nil, err
	}
	return m.stretches(runs, cuts)
}

// cuts returns where each run's rows of each of n ranges begin, and where those of the last end.
func (m *merger) cuts(runs []run, n int) ([][]int64, error) {
	rows := 0
	for _, r := range runs {
		rows += int(r.to - r.from)
	}
	scan := m.scanner()
	samples := columns.New(scan.cols)
	if err := scan.sample(samples, runs, max(1, rows/(n*sampleRows))); err != nil {
		return nil, err
	}
	scan.ordered = true // or sample would have said so
	return scan.cuts(runs, m.fences(samples, n))
}

// scanner reads the keys of files a run of rows at a time, and checks that each file is in their order.
type scanner struct {
	cols    []schemas.Column
	keys    []columns.SortKey
	paths   []string
	ordered bool // they are known to be
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

// keysOf hands over the keys of every run, some rows at a time, and which run it is and at which row of it they begin.
func (s *scanner) keysOf(runs []run, do func(run int, at int64, keys *columns.Batch) error) error {
	sources, keys, last := columns.NewSources(s.cols), columns.New(s.cols), columns.New(s.cols)
	for i, r := range runs {
		last.Reset()
		for at := r.from; at < r.to; at += scanRows {
			sources.Reset()
			keys.Reset()
			if err := sources.AddRows(r.file, at, min(at+scanRows, r.to)); err != nil {
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
	if s.ordered {
		return nil
	}
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
