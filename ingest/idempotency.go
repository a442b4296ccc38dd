package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/viewer"
)

// maxIdempotencyKey is how long a client's key may be.
const maxIdempotencyKey = 255

// ticket is an idempotency key on its way into a transaction.
type ticket struct {
	id, body string
	expires  time.Time
	conds    []Condition
}

// ticket returns the ticket of a create; nil where there is no key. The key is the viewer's own, so nobody can learn
// another's answers by guessing.
func (s *Service) ticket(p *plan, who viewer.Viewer, key string, item record.Item) (*ticket, error) {
	if key == "" || p.Idempotency == nil {
		return nil, nil //nolint:nilnil // no ticket is a ticket that nobody asked for
	}
	if len(key) > maxIdempotencyKey {
		return nil, fault.WithFields("the idempotency key is too long",
			[]fault.Field{{Name: p.Idempotency.Header, Message: "must be at most 255 bytes, this has " + strconv.Itoa(len(key))}})
	}
	body := sha256.Sum256(record.AppendItem(nil, item))
	id := sha256.Sum256([]byte(p.Name + "\x00" + who.ID + "\x00" + key))
	return &ticket{
		id: hex.EncodeToString(id[:]), body: hex.EncodeToString(body[:]),
		expires: s.Now().Add(p.Idempotency.Keep), conds: ifMissing,
	}, nil
}

func (t *ticket) action(item record.Item) Action {
	return Action{Kind: Put, Table: IdempotencyTable, If: t.conds, Item: record.Item{
		idemKey:     record.String(t.id),
		idemBody:    record.String(t.body),
		idemRecord:  {Kind: record.M, Map: item},
		idemExpires: record.Number(strconv.FormatInt(t.expires.Unix(), 10)),
	}}
}

// replay answers a create whose key is taken: by the first answer, or by trying again where that has expired.
func (s *Service) replay(ctx context.Context, p *plan, item record.Item, t *ticket, kept record.Item) (Record, error) {
	if kept == nil {
		var err error
		kept, err = s.store.Get(ctx, IdempotencyTable, Key{Partition: record.String(t.id)})
		if err != nil {
			return Record{}, fault.Wrap(fault.Transient, err, "the earlier answer cannot be read; try again")
		}
	}
	expires, err := strconv.ParseInt(kept[idemExpires].Text, 10, 64)
	if err != nil {
		return Record{}, fault.Wrap(fault.Internal, err, "a remembered answer has no expiry")
	}
	switch {
	case expires <= s.Now().Unix() && t.conds[0].Test == Missing:
		again := *t
		again.conds = []Condition{{Test: Equal, Attribute: idemExpires, Value: kept[idemExpires]}}
		return s.insert(ctx, p, item, &again)
	case expires <= s.Now().Unix():
		return Record{}, fault.Wrap(fault.Transient, errors.New("an expired key was renewed meanwhile"), "try again")
	case kept[idemBody].Text != t.body:
		return Record{}, fault.Wrap(fault.Conflict, ErrReused, "this idempotency key was used for another record; draw a new one")
	}
	first := kept[idemRecord].Map
	return Record{Item: first, Version: p.version(first), Replayed: true}, nil
}
