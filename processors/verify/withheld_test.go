package verify_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

// withholding is a lake that holds changes back.
type withholding struct {
	*lake
	parked []verify.Withheld
}

func (l *withholding) Hold(ctx context.Context, d *schemas.Dataset) (verify.Held, error) {
	h, err := l.lake.Hold(ctx, d)
	return &withholdingHeld{h.(*held), l.parked}, err
}

type withholdingHeld struct {
	*held
	parked []verify.Withheld
}

func (h *withholdingHeld) Withheld(_ context.Context, each func(verify.Withheld) error) error {
	for _, w := range h.parked {
		if err := each(w); err != nil {
			return err
		}
	}
	return nil
}

func image(item record.Item) string { return string(record.AppendItem(nil, item)) }

// event is a change as a stream tells it; "" for no image.
func event(n int, name, was, now string) verify.Withheld {
	text := fmt.Sprintf(`{"eventName":%q,"dynamodb":{"ApproximateCreationDateTime":1,"SequenceNumber":"%d","Keys":{"customer":{"S":"c"},"id":{"N":"5"}}`, name, n)
	if was != "" {
		text += `,"OldImage":` + was
	}
	if now != "" {
		text += `,"NewImage":` + now
	}
	return verify.Withheld{Shard: "2026-11-20T00:00:00.000/shardId-1", Seq: number(n), Payload: []byte(text + "}}")}
}

// TestWhatIsHeldBack: the store has an order that cannot be decoded, and the lake what it was before, or nothing.
func TestWhatIsHeldBack(t *testing.T) {
	t.Parallel()
	good, bad, worse, other := order(5), order(5), order(5), order(5)
	bad["total"], worse["total"], other["total"] = record.String("much"), record.String("more"), record.String("13")
	held := verify.Difference{What: "in quarantine", Key: orderKey(5)}
	for _, c := range []struct {
		name   string
		store  record.Item
		lake   map[string]string // nil: the lake has nothing
		parked []verify.Withheld
		held   bool
		want   verify.Difference
	}{
		{"a new record", bad, nil, []verify.Withheld{event(1, "INSERT", "", image(bad))}, true, held},
		{"a change", bad, orderRow(5), []verify.Withheld{event(1, "MODIFY", image(good), image(bad))}, true, held},
		{"two changes, the newer first", worse, orderRow(5), []verify.Withheld{event(2, "MODIFY", image(bad), image(worse)), event(1, "MODIFY", image(good), image(bad))}, true, held},
		{"a removal", nil, orderRow(5), []verify.Withheld{event(1, "REMOVE", image(good), "")}, true, held},
		{"a change without its old image", bad, orderRow(5), []verify.Withheld{event(1, "MODIFY", "", image(bad))}, true, held},
		{"a record of a backfill", bad, nil, []verify.Withheld{{Shard: "backfill/1", Seq: number(1), Payload: []byte(image(bad))}}, true, held},
		{"nothing is parked", bad, nil, nil, false, verify.Difference{What: "missing", Key: orderKey(5)}},
		{"another record is parked", bad, nil, []verify.Withheld{event(1, "INSERT", "", image(order(6)))}, false, verify.Difference{What: "missing", Key: orderKey(5)}},
		{"the store has changed since", worse, nil, []verify.Withheld{event(1, "INSERT", "", image(bad))}, false, verify.Difference{What: "missing", Key: orderKey(5)}},
		{"garbage is parked", bad, nil, []verify.Withheld{{Shard: "s/shardId-1", Seq: number(1), Payload: []byte("{")}}, false, verify.Difference{What: "missing", Key: orderKey(5)}},
		{"the lake shows another record than before", bad, orderRow(5), []verify.Withheld{event(1, "MODIFY", image(other), image(bad))}, false,
			verify.Difference{What: "different", Key: orderKey(5), Field: "total", Store: "13.00", Lake: "12.50"}},
		{"the lake shows nothing", bad, nil, []verify.Withheld{event(1, "MODIFY", image(good), image(bad))}, false, verify.Difference{What: "missing", Key: orderKey(5)}},
		{"the lake shows what was not there before", bad, orderRow(5), []verify.Withheld{event(1, "INSERT", "", image(bad))}, false, verify.Difference{What: "extra", Key: orderKey(5)}},
	} {
		for _, discarded := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, discarded %t", c.name, discarded), func(t *testing.T) {
				t.Parallel()
				s, l := shop(t, 3)
				if c.store != nil {
					mustPut(t, s, "shop_orders", c.store)
				}
				if c.lake != nil {
					l.rows[orderKey(5)] = c.lake
				}
				parked, want := c.parked, c.want
				if discarded {
					parked, want = discard(t, parked), inReceipt(want)
				}
				r := mustCompare(t, dataset(t, "orders"), s, &withholding{l, parked}, verify.Options{})
				got := r.Differences
				if c.held {
					got = r.HeldBack
				}
				if diff := cmp.Diff([]verify.Difference{want}, got, cmpopts.IgnoreFields(verify.Difference{}, "Record", "Shard", "Seq", "Held")); diff != "" {
					t.Errorf("got %+v: %s", r, diff)
				}
				if r.Clean() != c.held || r.Quarantined+r.Discarded != int64(len(r.HeldBack)) || len(r.HeldBack)+len(r.Differences) != 1 {
					t.Errorf("got %+v", r)
				}
			})
		}
	}
}

// discard returns what receipts say of changes.
func discard(tb testing.TB, parked []verify.Withheld) (all []verify.Withheld) {
	tb.Helper()
	m := verify.NewMarker(dataset(tb, "orders"), mask, verify.Unkeyed)
	for _, w := range parked {
		marks, _, _ := m.Of(w.Shard, w.Payload)
		all = append(all, verify.Withheld{Shard: w.Shard, Seq: w.Seq, Marks: marks})
	}
	return all
}

// inReceipt is the difference as it can be told without the payload.
func inReceipt(d verify.Difference) verify.Difference {
	if d.Field, d.Store, d.Lake = "", "", ""; d.What == "in quarantine" {
		d.What = "discarded"
	}
	return d
}

// TestAMarkOfAnotherFormSaysNothingOfTheFields: what a receipt says of the record before is of the schema of that time.
func TestAMarkOfAnotherFormSaysNothingOfTheFields(t *testing.T) {
	t.Parallel()
	other, bad := order(5), order(5)
	other["total"], bad["total"] = record.String("13"), record.String("much")
	parked := discard(t, []verify.Withheld{event(1, "MODIFY", image(other), image(bad))})
	parked[0].Marks.Form = "older"
	s, l := shop(t, 3)
	mustPut(t, s, "shop_orders", bad)
	l.rows[orderKey(5)] = orderRow(5)
	if r := mustCompare(t, dataset(t, "orders"), s, &withholding{l, parked}, verify.Options{}); !r.Clean() || r.Discarded != 1 {
		t.Errorf("got %+v", r)
	}
	delete(l.rows, orderKey(5))
	if r := mustCompare(t, dataset(t, "orders"), s, &withholding{l, parked}, verify.Options{}); r.Missing != 1 {
		t.Errorf("it says that there was a record: got %+v", r)
	}
}

// TestAMaskedKeyIsHeldBack: a key that does not lead back to the store is found among what is held back.
func TestAMaskedKeyIsHeldBack(t *testing.T) {
	t.Parallel()
	person := record.Item{"phone": record.String("0171"), "age": record.Number("30")}
	s := mustStore(t, "shop_people", record.Item{"phone": record.String("0171"), "age": record.String("old")})
	l := &lake{rows: map[string]map[string]string{mask("0171"): {"phone": mask("0171"), "age": "30"}}}
	w := verify.Withheld{Shard: "2026-11-20T00:00:00.000/shardId-1", Seq: number(1), Payload: fmt.Appendf(nil,
		`{"eventName":"MODIFY","dynamodb":{"SequenceNumber":"1","Keys":{"phone":{"S":"0171"}},"OldImage":%s,"NewImage":{"phone":{"S":"0171"},"age":{"S":"old"}}}}`, image(person))}
	if r := mustCompare(t, dataset(t, "people"), s, &withholding{l, []verify.Withheld{w}}, verify.Options{}); !r.Clean() || r.Quarantined != 1 {
		t.Errorf("got %+v", r)
	}
	l.rows = map[string]map[string]string{mask("9"): {"phone": mask("9"), "age": "30"}}
	if err := s.Write(t.Context(), ingest.Action{Kind: ingest.Delete, Table: "shop_people", Key: ingest.Key{Partition: record.String("0171")}}); err != nil {
		t.Fatal(err)
	}
	w.Payload = fmt.Appendf(nil, `{"eventName":"REMOVE","dynamodb":{"SequenceNumber":"1","Keys":{"phone":{"S":"9"}},"OldImage":%s}}`,
		image(record.Item{"phone": record.String("9"), "age": record.Number("30")}))
	if r := mustCompare(t, dataset(t, "people"), s, &withholding{l, []verify.Withheld{w}}, verify.Options{}); !r.Clean() || r.Quarantined != 1 {
		t.Errorf("a removal: got %+v", r)
	}
}
