package node

import (
	"context"
	"log/slog"

	"github.com/tarn-lake/tarn/internal/telemetry"
)

// watch logs when the machine's health changes: once when an alarm is raised, however its numbers grow, and once when all
// is well again.
func (n *Node) watch(ctx context.Context) error {
	h := n.health()
	n.raised.Store(&h.Alarms)
	if h.Status == n.alarmed {
		return nil
	}
	was := n.alarmed
	n.alarmed = h.Status
	switch {
	case h.Status == "stale":
		n.log.WarnContext(ctx, "alarm: the data is old", slog.Any("alarms", h.Alarms))
	case was == "stale":
		n.log.InfoContext(ctx, "the data is fresh again", slog.String(telemetry.Reason, "the alarm is over"))
	}
	return nil
}

// alarms returns what the machine's health was lately said to lack, for the head of the dashboard.
func (n *Node) alarms() []string {
	if all := n.raised.Load(); all != nil {
		return *all
	}
	return nil
}
