package rollup_test

import (
	"context"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
)

// TestAHeldRollupIsNotMadeAnew: while rows of the history are rewritten nobody reads the rollup, and nobody makes it anew of a
// history that is half of each. Whoever stops half-way has changed no figure.
func TestAHeldRollupIsNotMadeAnew(t *testing.T) {
	p := shop(t)
	p.commit("orders", nil, p.insert(1, order("A", "2026-11-18", 100)))
	p.refresh("orders")
	r := p.rollups["orders"]
	ctx, stop := context.WithCancel(p.Context())
	first, err := r.Hold(ctx)
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.Hold(ctx)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	for _, release := range []func(context.Context) error{first, second} {
		if p.refresh("orders") {
			t.Error("a rollup that is held was made anew")
		}
		if _, err := r.Complete(p.Context()); !fault.Is(err, fault.Conflict) {
			t.Errorf("Complete of a rollup that is held: %v", err)
		}
		p.same(byKind, false)
		if err := release(ctx); err != nil {
			t.Fatal(err)
		}
	}
	p.refresh("orders")
	p.same(byKind, true)
}

// TestWhatAnotherProcessMadeMeanwhileIsVoid: another process knows nothing of a hold, and may have read half of each.
func TestWhatAnotherProcessMadeMeanwhileIsVoid(t *testing.T) {
	p := shop(t)
	p.commit("orders", nil, p.insert(1, order("A", "2026-11-18", 100)))
	p.refresh("orders")
	release, err := p.rollups["orders"].Hold(p.Context())
	if err != nil {
		t.Fatal(err)
	}
	d, _ := p.reg.Dataset("orders")
	p.reopen(d)
	p.refresh("orders")
	p.same(byKind, true)
	if err := release(p.Context()); err != nil {
		t.Fatal(err)
	}
	p.same(byKind, false)
}
