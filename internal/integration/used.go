package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Process returns the process of the component that was started for a port, by its arguments.
func Process(t testing.TB, port string) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		args := strings.Split(string(text), "\x00")
		if filepath.Base(args[0]) == "sh" {
			continue // its keeper
		}
		for _, arg := range args[1:] {
			if arg == port || strings.HasSuffix(arg, ":"+port) {
				pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
				if err != nil {
					t.Fatal(err)
				}
				return pid
			}
		}
	}
	t.Fatalf("no process was started for port %s", port)
	return 0
}

// tick is the unit of a process's times in /proc, the same on every Linux.
const tick = 10 * time.Millisecond

// ProcessorTime returns what a process has used of the processors, its threads' time included.
func ProcessorTime(t testing.TB, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), ") ") // its name may hold anything
	fields := strings.Fields(after)
	if len(fields) < 13 {
		t.Fatalf("/proc/%d/stat says %q", pid, text)
	}
	var ticks int64
	for _, f := range fields[11:13] { // in user mode, in the system
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick
}
