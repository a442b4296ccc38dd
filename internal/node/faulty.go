package node

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"syscall"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/faults"
)

// loadFaults reads the fault plan of the settings, if they name one: then things go wrong on purpose, and the process may
// kill itself.
func (n *Node) loadFaults(ctx context.Context) error {
	if n.settings.Faults == "" {
		return nil
	}
	text, err := os.ReadFile(n.settings.Faults)
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "the fault plan %s cannot be read", n.settings.Faults)
	}
	plan, err := faults.Parse(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", n.settings.Faults, err)
	}
	n.faults = faults.New(plan, faults.Options{Kill: func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) }})
	n.log.WarnContext(ctx, "things go wrong on purpose", slog.String("plan", n.settings.Faults), slog.Int("rules", len(plan.Rules)))
	n.closers = append(n.closers, func() error {
		n.log.WarnContext(context.Background(), "what went wrong on purpose", slog.Any("faults", n.faults.Struck()))
		return nil
	})
	return nil
}

// faultHook returns the plan's hook of a seam; nil where nothing goes wrong on purpose.
func (n *Node) faultHook(seam string) func(step, name string) error {
	if n.faults == nil {
		return nil
	}
	return n.faults.Hook(seam)
}

// injectFaults puts the plan between the stages and what they stand on.
func (n *Node) injectFaults(context.Context) error {
	if n.faults == nil {
		return nil
	}
	if d, ok := n.files.(*dir.Dir); ok {
		d.Before = n.faultHook("disk")
	}
	n.files, n.feed = n.faults.Files(n.files), n.faults.Feed(n.feed)
	return nil
}
