package faults_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/lake"
)

// spoil leaves an object that nobody can read where a shard's next batch would be. Its reader goes on, and the records are
// landed late, if nothing else brings them.
func (r *run) spoil(n, size int) error {
	s := r.src.shards[n%len(r.src.shards)]
	if s.taken == len(s.records) || !s.ready() {
		return nil
	}
	from, to := s.taken, min(s.taken+size, len(s.records))
	name := lake.LandedName{Stream: "items", Lane: s.lane(), First: s.after(from + 1), Last: s.after(to), Version: lake.LandedVersion}
	path := filepath.Join(r.root, filepath.FromSlash(name.Key()))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	s.skip(to - from)
	return os.WriteFile(path, []byte(unreadable), 0o600)
}

// unreadable is what spoil leaves.
const unreadable = "no landed object"

// accounted holds what was set aside to the ledger: a record of it is in the lake, or in a hole that is open, or it has
// landed besides and waits for its commit.
func (r *run) accounted(got map[string]int) error {
	found, err := r.files.List(context.Background(), lake.LandingBadDir+"/")
	if err != nil || len(found) == 0 {
		return err
	}
	waiting, err := r.waiting()
	if err != nil {
		return err
	}
	book, err := r.committers[0].Ledger(context.Background())
	if err != nil {
		return err
	}
	holes, err := book.Holes(context.Background())
	if err != nil {
		return err
	}
	for _, f := range found {
		name, err := lake.ParseLandedName(lake.LandingDir + strings.TrimPrefix(f.Name(), lake.LandingBadDir))
		if err != nil {
			return err
		}
		for _, c := range r.src.within(name) {
			seq := lake.Seq(fmt.Sprintf("%040d", c.seq))
			known := slices.ContainsFunc(holes, func(h lake.Hole) bool { return h.Lane == name.Lane && h.After < seq && seq <= h.Last }) ||
				slices.ContainsFunc(waiting, func(w lake.LandedName) bool { return w.Lane == name.Lane && w.First <= seq && seq <= w.Last })
			if !known && slices.ContainsFunc(c.rows, func(row string) bool { return got[row] == 0 }) {
				return fmt.Errorf("%s was set aside; what it had of %s is neither in the lake nor in a hole, and does not wait", name.Key(), seq.Short())
			}
		}
	}
	return nil
}

// waiting returns the names of the objects that have landed and can be read.
func (r *run) waiting() (names []lake.LandedName, err error) {
	found, err := r.files.List(context.Background(), lake.LandingDir+"/")
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		body, err := r.files.Get(context.Background(), f.Name())
		if err != nil {
			return nil, err
		}
		name, err := lake.ParseLandedName(f.Name())
		if err != nil {
			return nil, err
		}
		if string(body) != unreadable {
			names = append(names, name)
		}
	}
	return names, nil
}

// within returns the changes of a batch.
func (s *source) within(name lake.LandedName) (all []change) {
	for _, one := range s.shards {
		for _, c := range one.records {
			if seq := lake.Seq(fmt.Sprintf("%040d", c.seq)); one.lane() == name.Lane && name.First <= seq && seq <= name.Last {
				all = append(all, c)
			}
		}
	}
	return all
}
