package faults

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Options tunes an Injector. The zero value works.
type Options struct {
	Kill func() // lets the process die, or what plays it; nil: nothing dies
	Wait func(ctx context.Context, d time.Duration) error
	Now  func() time.Time
}

// Injector makes the faults of a plan happen. It is safe for concurrent use.
type Injector struct {
	plan Plan
	opts Options

	mu     sync.Mutex
	met    []int          // by rule: how many steps it has met
	struck map[string]int // by step and fault
	shift  time.Duration
	off    bool
}

// New returns an injector at the beginning of the plan.
func New(plan Plan, opts Options) *Injector {
	if opts.Kill == nil {
		opts.Kill = func() {}
	}
	if opts.Wait == nil {
		opts.Wait = wait
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Injector{plan: plan, opts: opts, met: make([]int, len(plan.Rules)), struck: map[string]int{}}
}

// Stop ends all faults: from now on everything works.
func (i *Injector) Stop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.off = true
}

// Struck returns how often each fault happened, by step and fault.
func (i *Injector) Struck() map[string]int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.struck)
}

// Total returns how many faults happened.
func (i *Injector) Total() (n int) {
	for _, times := range i.Struck() {
		n += times
	}
	return n
}

// Now returns the time on a clock that jumps as the plan says.
func (i *Injector) Now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.opts.Now().Add(i.shift)
}

// Hook returns a function for a seam that asks before each of its steps, such as a folder's or a catalog's; its steps
// are named <seam>.<step>, with _ for a blank.
func (i *Injector) Hook(seam string) func(step, key string) error {
	return func(step, key string) error {
		step = seam + "." + strings.ReplaceAll(step, " ", "_")
		r, ok := i.strike(step, key)
		if !ok {
			return nil
		}
		if r.What == Lose {
			return r.fault(step)
		}
		return i.before(context.Background(), r, step)
	}
}

// around does one step of a wrapped seam, as the plan says.
func (i *Injector) around(ctx context.Context, step, key string, do func() error) error {
	r, ok := i.strike(step, key)
	if !ok {
		return do()
	}
	if err := i.before(ctx, r, step); err != nil {
		return err
	}
	if err := do(); err != nil || r.What != Lose {
		return err
	}
	return r.fault(step)
}

// strike returns the rule that decides about the step, if one does.
func (i *Injector) strike(step, key string) (Rule, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.off {
		return Rule{}, false
	}
	for n, r := range i.plan.Rules {
		if !r.meets(step, key) {
			continue
		}
		if i.met[n]++; r.takes(i.met[n]) {
			i.struck[step+" "+string(r.What)]++
			if r.What == Jump {
				i.shift += r.For
			}
			return r, true
		}
	}
	return Rule{}, false
}

// before does what a fault does before its step.
func (i *Injector) before(ctx context.Context, r Rule, step string) error {
	switch r.What {
	case Fail:
		return r.fault(step)
	case Slow:
		return i.opts.Wait(ctx, r.For)
	case Kill:
		i.opts.Kill()
		return fault.New(fault.Internal, "%s: the process was killed", step) // where Kill returns, nothing is done any more
	}
	return nil
}

func (r Rule) fault(step string) error {
	if r.What == Lose {
		return fault.New(fault.Transient, "%s: the answer was lost, as planned", step)
	}
	return fault.New(r.Kind, "%s: it failed, as planned", step)
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
