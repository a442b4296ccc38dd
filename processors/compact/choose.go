package compact

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/tables"
)

const (
	mergedPrefix = "c-" // files merged while their day was open, or from what came late
	closedPrefix = "d-" // files of a closed day, in the order of the keys from file to file
	lateShare    = 8    // a day is opened again when an eighth of it came late: each row is rewritten a bounded number of times
	manyRows     = 64_000
	roundBytes   = 256 << 20 // input of one commit, so that little is lost with it; a partition may be larger
	smallFile    = 1 << 20   // files up to here are held in memory while they are merged
	maxHandles   = 256       // files above are open while they are merged
)

// group is files of one partition that become fewer.
type group struct {
	files  []tables.File
	prefix string // of the names of what they become
}

func (g group) size() (n int64) {
	for _, f := range g.files {
		n += f.Size
	}
	return n
}

// choose returns what is worth merging, as much as one commit should replace, the most files first.
func (c *Compactor) choose(all []tables.File) []group {
	type partition struct{ dt, region string }
	byPartition := map[partition][]tables.File{}
	for _, f := range all {
		p := partition{f.Dt, f.Region}
		byPartition[p] = append(byPartition[p], f)
	}
	var groups []group
	for p, files := range byPartition {
		slices.SortFunc(files, func(a, b tables.File) int {
			return cmp.Or(cmp.Compare(a.Rows, b.Rows), cmp.Compare(a.LowerCommit, b.LowerCommit), cmp.Compare(a.URL, b.URL))
		})
		pick := c.open
		if c.closed(p.dt) {
			pick = c.close
		}
		if g := pick(files); len(g.files) > 0 {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(len(b.files), len(a.files)), cmp.Compare(a.files[0].URL, b.files[0].URL))
	})
	room := int64(roundBytes)
	for i, g := range groups {
		if room -= g.size(); room < 0 && i > 0 {
			return groups[:i]
		}
	}
	return groups
}

// open returns the files of an open day to merge: they are when enough of one size have come together, so that each row
// is rewritten only a logarithmic number of times.
func (c *Compactor) open(files []tables.File) group {
	files = slices.DeleteFunc(slices.Clone(files), func(f tables.File) bool { return f.Size >= c.opts.TargetBytes })
	for n := len(files); n >= c.opts.FanIn; n-- {
		if tier(files[n-1].Rows) == tier(files[n-c.opts.FanIn].Rows) {
			files, _ = c.fitting(files[:n])
			return group{files, mergedPrefix}
		}
	}
	return group{}
}

// close returns the files of a closed day to merge. Once all of it is in files whose keys follow each other nothing is
// left to do, until enough came late.
func (c *Compactor) close(files []tables.File) group {
	var late []tables.File
	var rows, lateRows int64
	for _, f := range files {
		rows += f.Rows
		if !strings.HasPrefix(path.Base(f.URL), closedPrefix) {
			late, lateRows = append(late, f), lateRows+f.Rows
		}
	}
	switch {
	case len(late) == 0, len(files) == 1 && (rows < manyRows || strings.HasPrefix(path.Base(files[0].URL), mergedPrefix)):
		return group{}
	case len(late) < len(files) && lateRows < rows/lateShare && !c.opts.Whole:
		return c.open(late)
	}
	if fit, all := c.fitting(files); !all {
		return group{fit, mergedPrefix}
	}
	return group{files, closedPrefix}
}

// fitting returns as many of the files, smallest first, as may be open and held at once, and whether that is all.
func (c *Compactor) fitting(files []tables.File) ([]tables.File, bool) {
	room, handles := c.share()/4, maxHandles/c.opts.Workers
	for i, f := range files {
		if f.Size <= smallFile {
			room -= f.Size
		} else {
			handles--
		}
		if i > 1 && (room < 0 || handles < 0) {
			return files[:i], false
		}
	}
	return files, true
}

func (c *Compactor) closed(dt string) bool {
	day, err := time.Parse(time.DateOnly, dt)
	return err == nil && c.opts.Now().After(day.Add(24*time.Hour+c.opts.ClosedAfter))
}

// tier is the size class of a file: each is four times the one below.
func tier(rows int64) int {
	n := 0
	for ; rows > 256; rows /= 4 {
		n++
	}
	return n
}
