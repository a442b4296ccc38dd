package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/schemas"
)

const (
	healEvery = 10 * time.Second // how often holes are looked for
	healPause = 10 * time.Minute // after a hole that could not be closed
)

// heal closes the open holes by itself where the store has what they lack: it compares every dataset of a hole's stream
// with the store, mends what differs, and notes in the ledger what was done as the hole's receipt. What a record was
// between two states that the feed has forgotten stays unknown, and the receipt says so.
func (n *Node) heal(ctx context.Context) error {
	if n.seeding.Load() || time.Now().Before(n.healAfter) {
		return nil
	}
	select {
	case n.healing <- struct{}{}:
		defer func() { <-n.healing }()
	default:
		return nil // somebody mends, and would land again what this lands again, or fills a hole and wants to close it
	}
	open, err := n.openHoles(ctx)
	if err != nil {
		return err
	}
	byStream := map[string][]lake.Hole{}
	for _, h := range open {
		byStream[h.Stream] = append(byStream[h.Stream], h)
	}
	var failed error
	for stream, holes := range byStream {
		if err := n.healStream(ctx, stream, holes); err != nil {
			n.healAfter = time.Now().Add(healPause)
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// beginMending begins a backfill or a repair, of which there is one at a time. For the loop that heals it waits.
func (n *Node) beginMending(ctx context.Context) (ended func(), err error) {
	if !n.mending.TryLock() {
		return nil, errMending
	}
	select {
	case n.healing <- struct{}{}:
		return func() { <-n.healing; n.mending.Unlock() }, nil
	case <-ctx.Done():
		n.mending.Unlock()
		return nil, ctx.Err()
	}
}

func (n *Node) healStream(ctx context.Context, stream string, holes []lake.Hole) error {
	var told []string
	for _, d := range n.registry.ByStream(stream) {
		m := n.mendingOf(d, Silent)
		if err := m.run(ctx, false); err != nil {
			return fmt.Errorf("heal %s: %w", d.Name, err)
		}
		if !m.done.Clean() {
			return fault.New(fault.Transient, "%s has %d holes, and the store could not fill them all: look at `tarn repair --dataset %s`", d.Name, len(holes), d.Name)
		}
		told = append(told, m.receipt())
	}
	for _, h := range holes {
		receipt := strings.Join(told, "; ")
		if _, err := n.CloseHole(ctx, h.ID, receipt); err != nil && !fault.Is(err, fault.NotFound) {
			return fmt.Errorf("close hole %s: %w", h.ID, err)
		}
		n.log.WarnContext(ctx, "a hole was closed", slog.String("hole", h.ID), slog.String("lane", h.Lane), slog.String("receipt", receipt))
	}
	return nil
}

// mendingOf begins the repair of a dataset.
func (n *Node) mendingOf(d *schemas.Dataset, tell Tell) *mending {
	return &mending{n: n, d: d, tell: tell, id: time.Now().UTC().Format("20060102T150405.000000"), done: Repaired{Dataset: d.Name}}
}

// receipt says what the repair did.
func (m *mending) receipt() string {
	return fmt.Sprintf("repair/%s of %s: %d changes landed again, %d records landed as they are, %d marked as gone; steps between that the feed has forgotten are not known",
		m.id, m.d.Name, m.done.Landed, m.done.Snapshots, m.done.Removed)
}
