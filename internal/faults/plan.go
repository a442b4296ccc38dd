// Package faults is what goes wrong, on purpose: a plan says at which step of which seam what happens, and an injector
// makes it happen. A plan is text, so a run that found something can be printed, shortened and run again.
package faults

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// What is what a rule does to the step it meets.
type What string

// The faults. Lose and Tear are for steps that are wrapped as a whole (file.…, feed.…); at the steps inside a disk or a
// catalog, where nothing can be done after the step, Lose fails it.
const (
	Fail  What = "fail"  // an error of the rule's kind, and nothing is done
	Lose  What = "lose"  // it is done, and the caller is told that it was not
	Slow  What = "slow"  // it is done after a while
	Kill  What = "kill"  // the process dies before it
	Tear  What = "tear"  // a listing without some of what there is
	Again What = "again" // a page of a feed that begins with records that were handed out before
	Cut   What = "cut"   // a page of a feed that ends early
	Jump  What = "jump"  // the clock jumps
)

// Plan is rules, each with a counter of its own, looked at in order; the first that meets a step decides.
type Plan struct{ Rules []Rule }

// Rule is one line of a plan.
type Rule struct {
	Step  string // such as "file.put"; a * at the end takes every step that begins so
	Key   string // pattern of path.Match over the key's first segments; empty: any key
	From  int    // which of the matching steps: From to To, counted from 1
	To    int    // 0: as From
	Every int    // or each n-th
	What  What
	Kind  fault.Kind    // of Fail
	For   time.Duration // of Slow and Jump
}

// String returns the rule as a line of a plan.
func (r Rule) String() string {
	key, which := r.Key, strconv.Itoa(r.From)
	if key == "" {
		key = "-"
	}
	switch {
	case r.Every > 0:
		which = "%" + strconv.Itoa(r.Every)
	case r.To > r.From:
		which += "-" + strconv.Itoa(r.To)
	}
	line := fmt.Sprintf("%s %s %s %s", r.Step, key, which, r.What)
	switch r.What {
	case Fail:
		return line + " " + r.Kind.String()
	case Slow, Jump:
		return line + " " + r.For.String()
	}
	return line
}

// String returns the plan's text, which Parse reads.
func (p Plan) String() string {
	var b strings.Builder
	for _, r := range p.Rules {
		fmt.Fprintln(&b, r)
	}
	return b.String()
}

// meets reports whether the rule is about the step.
func (r Rule) meets(step, key string) bool {
	if begin, ok := strings.CutSuffix(r.Step, "*"); ok {
		if !strings.HasPrefix(step, begin) {
			return false
		}
	} else if r.Step != step {
		return false
	}
	if r.Key == "" {
		return true
	}
	parts := strings.Split(key, "/")
	n := strings.Count(r.Key, "/") + 1
	if len(parts) < n {
		return false
	}
	ok, err := path.Match(r.Key, strings.Join(parts[:n], "/"))
	return ok && err == nil
}

// takes reports whether the rule strikes at its n-th matching step.
func (r Rule) takes(n int) bool {
	if r.Every > 0 {
		return n%r.Every == 0
	}
	return n >= r.From && n <= max(r.From, r.To)
}
