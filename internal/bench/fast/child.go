package fast

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tarn-lake/tarn/internal/bench/machine"
	"github.com/tarn-lake/tarn/internal/fault"
)

// Measured is what a child says of its work.
type Measured struct {
	Seconds float64 `json:"seconds"` // of processor time
	Clock   float64 `json:"clock"`   // seconds
	Peak    int64   `json:"peak"`    // resident bytes at most
	Rows    int64   `json:"rows"`    // that it left
}

// task is work that is done in a process of its own; it returns the rows that it left.
type task func(ctx context.Context, args []string) (int64, error)

var tasks = map[string]task{
	"commit":          commitLake,
	"compact":         compactLake,
	"merge-parquetgo": mergeWithParquetGo,
	"merge-duckdb":    mergeWithDuckDB,
}

// Child does the work of a child process and writes what it took. Its arguments are the task's name and the task's own.
func Child(ctx context.Context, args []string, w io.Writer) error {
	if len(args) > 0 && args[0] == launchTask {
		return childLaunch(ctx, args[1:], w)
	}
	if len(args) == 0 || tasks[args[0]] == nil {
		return fault.New(fault.Invalid, "there is no work named %v", args)
	}
	from, began := machine.ProcessorTime(), time.Now()
	rows, err := tasks[args[0]](ctx, args[1:])
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	m := Measured{Seconds: (machine.ProcessorTime() - from).Seconds(), Clock: time.Since(began).Seconds(), Rows: rows, Peak: machine.Peak()}
	return json.NewEncoder(w).Encode(m)
}

// child runs a task on one core.
func (b *bench) child(ctx context.Context, args ...string) (m Measured, err error) {
	cmd := b.Child(ctx, args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	cmd.Env = append(cmd.Environ(), "GOMAXPROCS=1")
	if err := cmd.Run(); err != nil {
		return m, fmt.Errorf("run %s: %w: %s", args[0], err, complaints.String())
	}
	if err := json.Unmarshal(out.Bytes(), &m); err != nil {
		return m, fmt.Errorf("read what %s says: %w", args[0], err)
	}
	return m, nil
}

// link copies a folder, with links for its files: who replaces one leaves the original alone.
func link(from, to string) error {
	return errors.Join(os.MkdirAll(to, 0o755), walkLinks(from, to))
}
