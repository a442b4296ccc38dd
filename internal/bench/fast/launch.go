package fast

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/tarn-lake/tarn/internal/bench/launchday"
	"github.com/tarn-lake/tarn/internal/fault"
)

// launchTask is the name of the child that does a launch day; its memory must be its own.
const launchTask = "launch-day"

// launchDay does a launch day in a child.
func (b *bench) launchDay(ctx context.Context) error {
	cmd := b.Child(ctx, launchTask, b.root, strconv.FormatInt(b.Launch, 10), strconv.Itoa(b.Ring))
	var out bytes.Buffer
	cmd.Stdout = &out
	told, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a launch day: %w", err)
	}
	last := ""
	for lines := bufio.NewScanner(told); lines.Scan(); {
		last = lines.Text()
		b.Tell(last)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("run a launch day: %w: %s", err, last)
	}
	var r launchday.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return fmt.Errorf("read what the launch day says: %w", err)
	}
	b.report.Launch = &r
	b.launchTargets(r)
	return nil
}

func (b *bench) launchTargets(r launchday.Report) {
	enough := r.Changes >= leastLaunch
	b.target(Target{
		What: "whole way, two cores, ≥ 10 M changes: changes a second", Floor: "180,000/s", Goal: "267,000/s", Measured: fmt.Sprintf("%.0f/s over %d changes", r.Rate, r.Changes), Value: r.Rate,
		FloorHolds: enough && r.Rate >= launchday.FloorRate, GoalHolds: enough && r.Rate >= launchday.GoalRate,
	})
	b.target(Target{
		What: "the same: resident memory, the ring included", Floor: fmt.Sprintf("≤ %.0f MB", float64(launchday.FloorResident)/1e6), Measured: fmt.Sprintf("%.0f MB", float64(r.Peak)/1e6), Value: float64(r.Peak) / 1e6,
		FloorHolds: enough && r.Peak <= launchday.FloorResident,
	})
	b.target(Target{What: "the lake's counts and sums equal the generator's", Floor: "all, two readers", Measured: fmt.Sprintf("%d checks", len(r.Checks)), FloorHolds: r.Holds()})
}

// leastLaunch is how many changes a launch day must have to say anything.
const leastLaunch = 10_000_000

// childLaunch does a launch day and writes its report.
func childLaunch(ctx context.Context, args []string, w io.Writer) error {
	if len(args) != 3 {
		return fault.New(fault.Invalid, "a launch day takes a folder, a number of changes and the bytes of a ring, not %v", args)
	}
	changes, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the number of changes")
	}
	ring, err := strconv.Atoi(args[2])
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the bytes of the ring")
	}
	r, err := launchday.Run(ctx, launchday.Options{
		Changes: changes, RingBytes: ring, Folder: args[0], Tell: func(p launchday.Progress) { fmt.Fprintln(os.Stderr, p) },
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(r)
}
