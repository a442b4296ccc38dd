package ingest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

// maxDraws is how often a generated key that is taken is drawn again.
const maxDraws = 5

// Create stores a new record: what the request holds and what the server sets, checked, with its counters and its
// idempotency key, in one transaction. Invalid names every bad field; Conflict is caused by ErrExists where the key is
// taken and by ErrReused where the idempotency key is.
func (s *Service) Create(ctx context.Context, dataset string, req Request) (Record, error) {
	p, who, err := s.allowed(ctx, dataset, Writer)
	if err != nil {
		return Record{}, err
	}
	item := dropNulls(p.shape, req.Item)
	faults := p.refuseServerSet(req.Faults, item)
	ticket, err := s.ticket(p, who, req.Idempotency, item)
	if err != nil {
		return Record{}, err
	}
	now := s.Now()
	for draw := 1; ; draw++ {
		if err := s.fill(p, item, now); err != nil {
			return Record{}, err
		}
		if draw == 1 {
			if err := s.judge(p, who, item, faults, now); err != nil {
				return Record{}, err
			}
		}
		rec, err := s.insert(ctx, p, item, ticket)
		if !p.again || draw == maxDraws || !errors.Is(err, ErrExists) {
			return rec, err
		}
	}
}

// judge returns an Invalid error that names every fault of the record, or Denied where it lies out of sight.
func (s *Service) judge(p *plan, who viewer.Viewer, item record.Item, faults []fault.Field, now time.Time) error {
	faults = merge(faults, p.shape.Check(item, s.opts.Profile))
	faults = append(faults, p.badKeys(item)...)
	if len(faults) == 0 {
		faults = s.broken(p, item, now)
	}
	if len(faults) > 0 {
		return fault.WithFields("the record of "+p.Name+" is not valid", faults)
	}
	if !p.seenBy(who, item) {
		return fault.New(fault.Denied, "records of the region %s are not yours to write", p.region.of(item))
	}
	return nil
}

// merge appends the faults of fields that have none yet: a field that could not be read is not also missing.
func merge(faults, more []fault.Field) []fault.Field {
	read := faults
	for _, f := range more {
		if !slices.ContainsFunc(read, func(e fault.Field) bool { return e.Name == f.Name }) {
			faults = append(faults, f)
		}
	}
	return faults
}

// broken returns the rules that the record breaks. Those that the profile does not enforce are reported instead.
func (s *Service) broken(p *plan, item record.Item, now time.Time) []fault.Field {
	if p.rules == nil {
		return nil
	}
	found := p.rules.Eval(item, now, schemas.Strict)
	if s.opts.Profile == schemas.Strict || len(found) == 0 {
		return found
	}
	return slices.DeleteFunc(found, func(f fault.Field) bool {
		i := slices.IndexFunc(p.Rules, func(r schemas.Rule) bool { return r.Field == f.Name && r.Message == f.Message })
		if i < 0 || !p.Rules[i].Strict {
			return false
		}
		s.opts.Observe(Questionable{Dataset: p.Name, Rule: p.Rules[i].Name, Region: p.region.of(item)})
		return true
	})
}

// refuseServerSet adds a fault for each field that only the server sets.
func (p *plan) refuseServerSet(faults []fault.Field, item record.Item) []fault.Field {
	for _, f := range p.shape.fields {
		if _, ok := item[f.Name]; ok && p.serverSet[f.Name] {
			faults = append(faults, fault.Field{Name: f.Name, Message: "is set by the server; leave it out"})
			delete(item, f.Name)
		}
	}
	return faults
}

// The store's own limits on the text of keys.
const (
	maxPartitionBytes = 2048
	maxSortBytes      = 1024
)

// badKeys returns the key fields, of the table and its indexes, whose text no key may have.
func (p *plan) badKeys(item record.Item) []fault.Field {
	faults := badKey(nil, item, p.table.Key)
	for i := range p.table.Indexes {
		faults = badKey(faults, item, p.table.Indexes[i].Key)
	}
	return faults
}

func badKey(faults []fault.Field, item record.Item, k TableKey) []fault.Field {
	for _, part := range [2]struct {
		name  string
		limit int
	}{{k.Partition, maxPartitionBytes}, {k.Sort, maxSortBytes}} {
		v, ok := item[part.name]
		n := len(v.Text) + len(v.Bytes)
		if part.name == "" || !ok || n > 0 && n <= part.limit {
			continue
		}
		if !slices.ContainsFunc(faults, func(f fault.Field) bool { return f.Name == part.name }) {
			faults = append(faults, fault.Field{Name: part.name, Message: "is a key, which has 1 to " + strconv.Itoa(part.limit) + " bytes"})
		}
	}
	return faults
}
