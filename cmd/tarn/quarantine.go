package main

import (
	"context"
	"fmt"
	"io"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/node"
)

// quarantineFilter chooses records.
type quarantineFilter struct {
	Dataset string  `help:"Of one dataset."`
	Reason  string  `help:"Whose reason holds this text."`
	From    instant `help:"Changes made from this instant (RFC 3339) or day on." placeholder:"TIME"`
	To      instant `help:"Changes made before this instant (RFC 3339) or day." placeholder:"TIME"`
}

func (f quarantineFilter) args(limit int) node.QuarantineArgs {
	return node.QuarantineArgs{Dataset: f.Dataset, Reason: f.Reason, From: f.From.Time, To: f.To.Time, Limit: limit}
}

type quarantineReplayCmd struct {
	quarantineFilter
	ID string `arg:"" optional:"" help:"One record's id, as list prints it; none: all that the filters leave."`
}

// Run replays records, and exits with 3 where some still do not fit.
func (c *quarantineReplayCmd) Run(ctx context.Context, e *environment) error {
	args := c.args(0)
	args.ID = c.ID
	var r node.Replayed
	if err := e.do(ctx, "quarantine.replay", args, &r); err != nil {
		return err
	}
	err := e.out.result(r, func(w io.Writer) {
		fmt.Fprintf(w, "%d records read again: %d are in the lake now, %d stay in quarantine\n", r.Read, r.Replayed, r.Still)
		for _, why := range r.Why {
			fmt.Fprintf(w, "  %s\n", why)
		}
	})
	if err == nil && r.Still > 0 {
		return &finding{fmt.Sprintf("%d records still do not fit their schema", r.Still)}
	}
	return err
}

type quarantineDiscardCmd struct {
	quarantineFilter
	ID  string `arg:"" optional:"" help:"One record's id, as list prints it; none: all that the filters leave."`
	Why string `required:"" help:"For the receipt."`
	All bool   `help:"Discard everything when neither an id nor a filter is given."`
}

// Run discards records.
func (c *quarantineDiscardCmd) Run(ctx context.Context, e *environment) error {
	args := c.args(0)
	if args == (node.QuarantineArgs{}) && c.ID == "" && !c.All {
		return fault.New(fault.Invalid, "name a record, a filter, or --all")
	}
	args.ID, args.Why = c.ID, c.Why
	var r node.Receipt
	if err := e.do(ctx, "quarantine.discard", args, &r); err != nil {
		return err
	}
	return e.out.result(r, func(w io.Writer) {
		fmt.Fprintf(w, "%d records discarded; the receipt is %s\n", len(r.Records), r.Name)
	})
}
