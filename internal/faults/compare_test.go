package faults_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/faults"
)

func day(n int32) string { return time.Unix(int64(n)*86400, 0).UTC().Format(time.DateOnly) }

// compare holds the lake to the model: all rows that were landed for sure if whole, none that was not landed, none twice,
// and current state as the source has it.
func (r *run) compare(whole bool) error {
	got := map[string]int{}
	history, snap, err := r.read("items_changes")
	if err != nil {
		return err
	}
	for _, one := range history {
		got[one.text("items")]++
	}
	bad, _, err := r.read("quarantine")
	if err != nil {
		return err
	}
	for _, one := range bad {
		got[one.text("quarantine")]++
	}
	for _, text := range slices.Sorted(maps.Keys(got)) {
		if got[text] > 1 {
			return fmt.Errorf("doubled %d times: %s", got[text], text)
		}
		if !r.landed[text] {
			return fmt.Errorf("never landed: %s", text)
		}
	}
	if err := r.accounted(got); err != nil || !whole {
		return err
	}
	for _, text := range slices.Sorted(maps.Keys(r.sure)) {
		if got[text] == 0 {
			return fmt.Errorf("lost: %s", text)
		}
	}
	if snap == nil {
		return nil
	}
	return r.state(history)
}

// state compares current state, the base and the changes above it, with what the source holds.
func (r *run) state(history []row) error {
	base, snap, err := r.read("items_base")
	if err != nil {
		return err
	}
	through := int64(0)
	if snap != nil {
		through = snap.Through
	}
	latest := map[string]row{}
	take := func(one row) {
		if one.ID != nil && one.Op != "leave" && one.Seq > latest[*one.ID].Seq {
			latest[*one.ID] = one
		}
	}
	for _, one := range base {
		if one.ID == nil {
			return fmt.Errorf("the base has a row without a key: %+v", one)
		}
		if latest[*one.ID].Seq != "" {
			return fmt.Errorf("the base has %s twice", *one.ID)
		}
		take(one)
	}
	for _, one := range history {
		if one.Commit > through {
			take(one)
		}
	}
	got := map[string]string{}
	for id, one := range latest {
		if one.Op != "remove" {
			got[id] = fmt.Sprint(one.Region, " ", *one.N)
		}
	}
	want := map[string]string{}
	for id, one := range r.src.items {
		want[id] = fmt.Sprint(regionOf(one.area), " ", one.n)
	}
	if !maps.Equal(got, want) {
		return fmt.Errorf("current state is\n%v\nand should be\n%v", got, want)
	}
	return nil
}

// shorter takes acts and rules out of a failing script as long as it still fails.
func shorter(root string, s script, err error) (script, error) {
	for again := true; again; {
		again = false
		for i := len(s.doing) - 1; i >= 0; i-- {
			less := s
			less.doing = slices.Delete(slices.Clone(s.doing), i, i+1)
			if _, still := play(root+"/less", less); still != nil {
				s, err, again = less, still, true
			}
		}
		for i := len(s.plan.Rules) - 1; i >= 0; i-- {
			less := s
			less.plan = faults.Plan{Rules: slices.Delete(slices.Clone(s.plan.Rules), i, i+1)}
			if _, still := play(root+"/less", less); still != nil {
				s, err, again = less, still, true
			}
		}
	}
	return s, err
}
