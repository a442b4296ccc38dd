package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
)

// benchCmd is the benchmarks; without a name it is the fast path.
type benchCmd struct {
	Fast      benchFastCmd      `cmd:"" default:"withargs" help:"From change events to a compact lake, beside what others make of the same work."`
	Way       benchWayCmd       `cmd:"" help:"The store, the API and the way from a write to an answer."`
	LaunchDay benchLaunchDayCmd `cmd:"" name:"launch-day" help:"A launch day's changes the whole way into a compact lake, which is then checked."`
	Child     benchChildCmd     `cmd:"" hidden:""`
}

// profiles are the flags of benchmarks that can be looked into.
type profiles struct {
	CPUProfile string `name:"cpuprofile" help:"Write a CPU profile of what is measured to this file." placeholder:"FILE"`
	MemProfile string `name:"memprofile" help:"Write a profile of all allocations to this file." placeholder:"FILE"`

	cpu *os.File
	err error
}

// begin starts the CPU profile.
func (p *profiles) begin() {
	if p.CPUProfile == "" {
		return
	}
	if p.cpu, p.err = os.Create(p.CPUProfile); p.err == nil {
		p.err = pprof.StartCPUProfile(p.cpu)
	}
}

// end writes the profiles.
func (p *profiles) end() {
	if p.cpu != nil {
		pprof.StopCPUProfile()
		p.err = errors.Join(p.err, p.cpu.Close())
	}
	if p.MemProfile == "" {
		return
	}
	f, err := os.Create(p.MemProfile)
	if err == nil {
		runtime.GC() // so that what is in use is what is needed
		err = errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
	}
	p.err = errors.Join(p.err, err)
}

// fault returns what went wrong with the profiles themselves.
func (p *profiles) fault() error {
	if p.err != nil {
		return fmt.Errorf("write a profile: %w", p.err)
	}
	return nil
}
