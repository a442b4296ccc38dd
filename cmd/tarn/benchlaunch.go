package main

import (
	"context"
	"fmt"
	"io"
	"time"

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
	Batch   int    `help:"Records of an event." default:"1000"`
}

// Run does a launch day and prints how it went.
func (c *benchLaunchDayCmd) Run(ctx context.Context, e *environment) error {
	e.out.note(fmt.Sprintf("making %d MB of events", c.Ring))
	report, err := launchday.Run(ctx, launchday.Options{
		Changes: c.Changes, Folder: c.Folder, Keep: c.Keep, Seed: c.Seed, RingBytes: c.Ring * 1_000_000, Lanes: c.Lanes, Batch: c.Batch,
		Begin: c.begin, End: c.end,
		Tell: func(p launchday.Progress) { e.out.note(progressLine(p)) },
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

func progressLine(p launchday.Progress) string {
	return fmt.Sprintf("%6s  %4.1f %%  landed %d (%.0f/s)  committed %d rows in %d commits  %d merges  %.0f MB resident",
		p.Elapsed.Round(time.Second), 100*float64(p.Landed)/float64(p.Total), p.Landed, float64(p.Landed)/p.Elapsed.Seconds(),
		p.Committed, p.Commits, p.Merges, float64(p.Resident)/1e6)
}
