package compact

import (
	"context"
	"math"
)

const (
	worthSpilling = 4       // times that a row is read, from which on it is cheaper to write it once more
	spillBytes    = 2 << 30 // of memory, as which they are read, that spills hold at once
	pageRows      = 20_000  // rows of a page of the table's files, at most
	chunkBytes    = 64      // what a column of a row group takes in memory when its file is open
)

// again returns how often a row is read, about, when every stretch is read from the runs' files: the pages where it begins
// and ends are its neighbours' too.
func again(runs []run, list []stretch) float64 {
	var rows, read int64
	for i, r := range runs {
		rows += r.to - r.from
		for _, s := range list {
			if s.from[i] < s.to[i] {
				read += min((s.to[i]+pageRows-1)/pageRows*pageRows, r.file.Rows()) - s.from[i]/pageRows*pageRows
			}
		}
	}
	return float64(read) / float64(max(rows, 1))
}

// section returns how many stretches are spilled at once: no more than the disk is to hold, and than the footers of their
// spills leave room for, of which there are about as many as stretches, each with a row group of every stretch.
func (m *merger) section() int {
	footers := math.Sqrt(float64(m.room()) / 4 / float64(chunkBytes*m.leaves))
	return int(max(2, min(footers, float64(m.Compactor.spilled/m.room()), maxHandles/float64(m.opts.Workers))))
}

// apart makes files of the stretches, each row of which it reads once: section after section, their rows are copied to
// spills, as many as fit the memory to one, whose row groups end with the stretches; then each stretch is made of those.
func (m *merger) apart(ctx context.Context, g group, runs []run, list []stretch) error {
	for n := m.section(); len(list) > 0; list = list[min(n, len(list)):] {
		s := section{m, g, runs, list[:min(n, len(list))]}
		if err := m.keepAll(s.make(ctx, m.mates())); err != nil {
			return err
		}
	}
	return nil
}
