//go:build !unix

package fast

import "time"

var began = time.Now()

// processorTime is the clock's time where the system does not tell the process's own.
func processorTime() time.Duration { return time.Since(began) }
