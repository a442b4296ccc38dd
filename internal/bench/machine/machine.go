// Package machine tells what a process has used and how busy the machine is.
package machine

import (
	"bytes"
	"os"
	"strconv"
)

// Resident returns the process's resident memory in bytes, 0 where the system does not tell.
func Resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0
	}
	return number(fields[1]) * int64(os.Getpagesize())
}

// Peak returns the most memory that the process ever had resident, 0 where the system does not tell. Unlike what wait
// returns for a child, it says nothing of the process that started it.
func Peak() int64 {
	text, err := os.ReadFile("/proc/self/status")
	_, after, found := bytes.Cut(text, []byte("VmHWM:"))
	fields := bytes.Fields(after)
	if err != nil || !found || len(fields) == 0 {
		return 0
	}
	return number(fields[0]) << 10
}

// Load returns the load averages as the system prints them, empty where it does not.
func Load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	return string(text[:min(14, len(text))])
}

func number(b []byte) int64 {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
