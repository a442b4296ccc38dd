//go:build !unix

package machine

import "time"

var began = time.Now()

// ProcessorTime is the clock's time where the system does not tell the process's own.
func ProcessorTime() time.Duration { return time.Since(began) }
