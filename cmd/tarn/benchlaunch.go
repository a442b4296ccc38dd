package main

import (
	"context"
	"fmt"
	"io"

	"github.com/tarn-lake/tarn/internal/bench/launchday"
)

type benchLaunchDayCmd struct {
	profiles

	Changes int64  `help:"How many changes are sent." default:"10000000"`
	Folder  string `help:"A folder for the lake; its disk must hold it (a temporary one)." placeholder:"DIR"`
	Keep    bool   `help:"Leave the lake there."`
	Seed    uint64 `help:"Of the events."`
	Ring    int    `help:"Megabytes of events that are made beforehand." default:"1074"`
	Lanes   int    `help:"Shards." default:"4"`
	Batch   int    `help:"Records of an event." default:"3500"`
}

// Run does a launch day and prints how it went.
func (c *benchLaunchDayCmd) Run(ctx context.Context, e *environment) error {
	e.out.note(fmt.Sprintf("making %d MB of events", c.Ring))
	report, err := launchday.Run(ctx, launchday.Options{
		Changes: c.Changes, Folder: c.Folder, Keep: c.Keep, Seed: c.Seed, RingBytes: c.Ring * 1_000_000, Lanes: c.Lanes, Batch: c.Batch,
		Begin: c.begin, End: c.end,
		Tell: func(p launchday.Progress) { e.out.note(p.String()) },
	})
	if err != nil {
		return err
	}
	if err := c.fault(); err != nil {
		return err
	}
	if err := e.out.result(report, func(w io.Writer) { report.Print(w) }); err != nil {
		return err
	}
	if !report.Holds() {
		return &finding{"the lake is not what the events say"}
	}
	return nil
}
