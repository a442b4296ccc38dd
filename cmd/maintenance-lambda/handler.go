package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/function"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/internal/warehouse"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/rollup"
	"github.com/tarn-lake/tarn/query/athena"
	"github.com/tarn-lake/tarn/schemas"
)

// answering is kept of the function's time for the answer.
const answering = 2 * time.Second

// handler does the tasks that a schedule calls for.
type handler struct {
	base      *function.Base
	lake      *warehouse.Warehouse
	settings  config.Maintenance
	compactor *compact.Compactor
	glue      athena.Glue
	source    rollup.Source // nil: no workgroup is named
	hearts    []heart       // none: no heartbeats are written
}

// call is what a schedule sends.
type call struct {
	Task    string `json:"task"`
	Dataset string `json:"dataset"` // empty: every one, and the tables that all share
}

// answer says what was done.
type answer struct {
	Task   string `json:"task"`
	Pieces int    `json:"pieces"` // of work that changed something
	More   bool   `json:"more"`   // there was no time for all of it: the next call goes on
}

// turn is one call at work.
type turn struct {
	*handler
	datasets []*schemas.Dataset
	whole    bool // every dataset, and so the tables that all share
	end      time.Time
	answer
}

// tasks are what can be called for.
var tasks = map[string]func(*turn, context.Context) error{
	"compact":   (*turn).compact, // small files become few
	"base":      (*turn).bases,   // current state follows the history, and the views at Athena follow both
	"rollup":    (*turn).rollups, // daily tables follow the history
	"ledger":    (*turn).ledger,  // the ledger is told what it does not know yet
	"upkeep":    (*turn).upkeep,  // after the ledger was told: manifests merged, old snapshots and their files let go
	"sweep":     (*turn).sweep,   // what crashes left is removed, and old heartbeats
	"heartbeat": (*turn).beat,    // items are written that must come through where nobody writes
	"health":    (*turn).health,  // the age of the data and what waits, as metrics
}

// Invoke implements lambda.Handler.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var c call
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the event cannot be read as JSON")
	}
	do, ok := tasks[c.Task]
	if !ok {
		return nil, fault.New(fault.Invalid, "%q is no task: want one of %s", c.Task, strings.Join(slices.Sorted(maps.Keys(tasks)), ", "))
	}
	t := &turn{handler: h, datasets: h.base.Registry.Datasets(), whole: c.Dataset == "", answer: answer{Task: c.Task}}
	if c.Dataset != "" {
		d, err := h.lake.Dataset(c.Dataset)
		if err != nil {
			return nil, err
		}
		t.datasets = []*schemas.Dataset{d}
	}
	ctx, cancel := function.Within(ctx, answering)
	defer cancel()
	if end, ok := ctx.Deadline(); ok {
		t.end = end.Add(-h.settings.Grace)
	}
	if err := do(t, ctx); err != nil {
		h.base.Log.ErrorContext(ctx, "the task is not done", "task", c.Task, telemetry.Dataset, c.Dataset, telemetry.Err, err)
		return nil, fmt.Errorf("%s: %w", c.Task, err)
	}
	return json.Marshal(t.answer)
}

// time reports whether there is time for another piece of work, and notes where there is not.
func (t *turn) time() bool {
	enough := t.end.IsZero() || time.Now().Before(t.end)
	t.More = t.More || !enough
	return enough
}

// did counts a piece of work. A lost race costs its piece, which the next call finds again.
func (t *turn) did(ctx context.Context, changed bool, err error) error {
	if fault.Is(err, fault.Conflict) {
		t.base.Log.InfoContext(ctx, "somebody else was first", telemetry.Err, err)
		t.More = true
		return nil
	}
	if err == nil && changed {
		t.Pieces++
	}
	return err
}

// each does something for every history; what fails does not hold up the others.
func (t *turn) each(ctx context.Context, do func(compact.History) error) error {
	var failed error
	for _, d := range t.datasets {
		if !t.time() {
			break
		}
		h, err := t.lake.History(ctx, d)
		if err == nil {
			err = do(h)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}
