package ingest

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// maxTries is how often a transaction is tried that the store could not take just now.
const maxTries = 5

// insert writes a new item with its counters and its ticket.
func (s *Service) insert(ctx context.Context, p *plan, item record.Item, t *ticket) (Record, error) {
	actions := make([]Action, 0, 3)
	if t != nil {
		actions = append(actions, t.action(item)) // first, so that a repeat is told from a taken key
	}
	own := len(actions)
	actions = append(actions, Action{Kind: Put, Table: p.Table, Item: item, If: ifMissing})
	actions, counted := count(actions, p.onCreate, item)
	rec := Record{Item: item, Version: p.version(item)}
	tries, err := s.write(ctx, actions)
	var refused *ConditionError
	if !errors.As(err, &refused) {
		return rec, err
	}
	switch {
	case t != nil && refused.Action == 0:
		return s.replay(ctx, p, item, t, refused.Item)
	case refused.Action == own && tries > 1 && refused.Item.Equal(item):
		return rec, nil // an earlier try, whose answer was lost, wrote it
	case refused.Action == own:
		return Record{}, fault.Wrap(fault.Conflict, ErrExists, "%s exists already", p.named(p.key(item)))
	default:
		return Record{}, p.uncounted(counted[refused.Action-own-1])
	}
}

// count appends the moves of the counters, and says which counter each is.
func count(actions []Action, counters []counter, item record.Item) ([]Action, []*counter) {
	var moved []*counter
	for i := range counters {
		if a, ok := counters[i].move(item); ok {
			actions, moved = append(actions, a), append(moved, &counters[i])
		}
	}
	return actions, moved
}

// uncounted is the error of a record that names another one which does not exist.
func (p *plan) uncounted(c *counter) error {
	return fault.WithFields("the record of "+p.Name+" is not valid",
		[]fault.Field{{Name: c.key, Message: "names a record that does not exist"}})
}

// write hands the transaction to the store, and again while that may help. It returns how often it tried: after more
// than once, a condition may have been broken by an earlier try.
func (s *Service) write(ctx context.Context, actions []Action) (tries int, err error) {
	wait := 5 * time.Millisecond
	for tries = 1; ; tries++ {
		err = s.store.Write(ctx, actions...)
		if err == nil || tries == maxTries || !fault.Is(err, fault.Transient) {
			return tries, err
		}
		timer := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return tries, errors.Join(err, context.Cause(ctx))
		case <-timer.C:
		}
		wait *= 3
	}
}
