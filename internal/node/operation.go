package node

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Step says how far long work is.
type Step struct {
	What  string `json:"what"` // the stage, such as "rows loaded"
	Done  int64  `json:"done"`
	Total int64  `json:"total,omitempty"` // 0: unknown
}

// Tell receives steps. It is called from one goroutine at a time.
type Tell func(Step)

// Silent is a Tell that drops steps.
func Silent(Step) {}

// operation is one thing that a tool asks of a data folder: done here, or by the process that has the folder. Args and
// result travel as JSON, so both ways are the same.
type operation func(ctx context.Context, n *Node, args json.RawMessage, tell Tell) (any, error)

// operations is every operation by name, as it stands in the URL.
var operations = map[string]operation{
	"archive.replay":     typed((*Node).archiveReplay),
	"backfill":           typed((*Node).backfill),
	"backup":             typed((*Node).backup),
	"certificate":        typed((*Node).checkCertificate),
	"certify":            typed((*Node).certify),
	"compact":            typed((*Node).compactNow),
	"holes":              typed((*Node).holes),
	"holes.close":        typed((*Node).closeHole),
	"ledger":             typed((*Node).ledger),
	"load":               typed((*Node).load),
	"metric":             typed((*Node).metric),
	"quarantine.discard": typed((*Node).quarantineDiscard),
	"quarantine.list":    typed((*Node).quarantineList),
	"quarantine.replay":  typed((*Node).quarantineReplay),
	"quarantine.show":    typed((*Node).quarantineShow),
	"repair":             typed((*Node).repair),
	"retain":             typed((*Node).retainNow),
	"schema.adopt":       typed((*Node).adopt),
	"sql":                typed((*Node).sql),
	"status":             typed((*Node).status),
	"verify":             typed((*Node).verify),
}

// typed makes an operation of a method with arguments of its own type.
func typed[A, R any](run func(*Node, context.Context, A, Tell) (R, error)) operation {
	return func(ctx context.Context, n *Node, raw json.RawMessage, tell Tell) (any, error) {
		var args A
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &args); err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "the arguments are not what this operation takes")
			}
		}
		return run(n, ctx, args, tell)
	}
}

// Do runs an operation in this process and fills result, which may be nil.
func (n *Node) Do(ctx context.Context, name string, args, result any, tell Tell) error {
	op, ok := operations[name]
	if !ok {
		return fault.New(fault.NotFound, "no operation %q", name)
	}
	raw, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("write the arguments of %s: %w", name, err)
	}
	got, err := op(ctx, n, raw, tell)
	if err != nil || result == nil {
		return err
	}
	text, err := json.Marshal(got)
	if err != nil {
		return fmt.Errorf("write the result of %s: %w", name, err)
	}
	return json.Unmarshal(text, result)
}
