package ingest

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
	"github.com/tarn-lake/tarn/schemas/check"
)

// The roles that the service asks for, beside those that a lifecycle's transitions name.
const (
	Reader = "reader"
	Writer = "writer"
)

// Causes of a Conflict that callers tell apart.
var (
	ErrStale  = errors.New("the record has changed since it was read")             // If-Match did not hold
	ErrReused = errors.New("the idempotency key belongs to another request")       // same key, another body
	ErrExists = errors.New("a record with this key exists")                        // a create found one
	ErrState  = errors.New("the record is not in a state that the step may begin") // a transition came too late
)

// Options tune a service. The zero value works.
type Options struct {
	Now     func() time.Time        // nil: time.Now
	Rand    io.Reader               // where ids come from; nil: crypto/rand
	Log     *slog.Logger            // nil: none
	Profile schemas.Mode            // Strict refuses what Lenient only counts as data quality
	Rules   map[string]*check.Rules // by dataset; see CompileRules
	Observe telemetry.Observe       // what happened that somebody counts; nil: nobody
}

// Service creates, reads, changes and deletes the records of every dataset that has a table. It is safe for concurrent
// use. Who asks stands in the context: readers read, writers write, and each sees the regions that are its own.
type Service struct {
	store    Store
	registry *schemas.Registry
	plans    map[string]*plan
	opts     Options
}

// Record is a record as it was stored.
type Record struct {
	Item     record.Item
	Version  string // the number of its version attribute; empty where the dataset has none
	Replayed bool   // the answer to an earlier request with the same idempotency key
}

// Request is what a caller wants written.
type Request struct {
	Item        record.Item   // the fields; the service keeps and changes it
	Faults      []fault.Field // what the reader of the request has found wrong already; they join the service's own
	Match       string        // the version that the record must have; empty: any; "*": any, but it must exist
	Idempotency string        // the client's key of this create; empty: none
}

// New returns a service over the store, which must have the tables of Tables(registry).
func New(registry *schemas.Registry, store Store, opts Options) (*Service, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Rand == nil {
		opts.Rand = rand.Reader
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Observe == nil {
		opts.Observe = telemetry.Discard
	}
	s := &Service{store: store, registry: registry, plans: map[string]*plan{}, opts: opts}
	for _, ds := range registry.Datasets() {
		if ds.Key.IsZero() || ds.Table == "" {
			continue
		}
		p, err := newPlan(ds, registry)
		if err != nil {
			return nil, err
		}
		p.rules = opts.Rules[ds.Name]
		s.plans[ds.Name] = p
	}
	return s, nil
}

// CompileRules compiles the rules of every dataset for Options.Rules. A rule named in waived, as "dataset.rule", is
// left to whoever counts data quality: no profile enforces it.
func CompileRules(registry *schemas.Registry, waived ...string) (map[string]*check.Rules, error) {
	out := map[string]*check.Rules{}
	for _, ds := range registry.Datasets() {
		enforced := *ds
		enforced.Rules = without(ds, waived)
		rules, err := check.Compile(&enforced)
		if err != nil {
			return nil, err
		}
		out[ds.Name] = rules
	}
	return out, nil
}

func without(ds *schemas.Dataset, waived []string) []schemas.Rule {
	var kept []schemas.Rule
next:
	for _, r := range ds.Rules {
		for _, w := range waived {
			if w == ds.Name+"."+r.Name {
				continue next
			}
		}
		kept = append(kept, r)
	}
	return kept
}

// Shape returns the shape of the dataset's records.
func (s *Service) Shape(dataset string) (*Shape, error) {
	p, err := s.plan(dataset)
	if err != nil {
		return nil, err
	}
	return p.shape, nil
}

// Now returns the service's time, in UTC and to the millisecond.
func (s *Service) Now() time.Time { return s.opts.Now().UTC().Truncate(time.Millisecond) }

func (s *Service) plan(dataset string) (*plan, error) {
	p, ok := s.plans[dataset]
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no dataset %q with records", clip(dataset))
	}
	return p, nil
}

// allowed returns the plan and the viewer, who must have the role.
func (s *Service) allowed(ctx context.Context, dataset, role string) (*plan, viewer.Viewer, error) {
	who, err := viewer.From(ctx)
	if err != nil {
		return nil, who, err
	}
	p, err := s.plan(dataset)
	if err != nil {
		return nil, who, err
	}
	if role != "" && !who.Has(role) {
		return nil, who, fault.New(fault.Denied, "the role %s is needed for this", role)
	}
	return p, who, nil
}
