package verify_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	contract "github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

// shelf is an archive, and a history of texts beside it.
type shelf struct {
	lake
	batches []verify.Batch
	history map[string][]string // by shard: "number text", in order
	parked  []contract.Seq
}

func (s *shelf) Batches(_ context.Context, _ *schemas.Dataset, each func(verify.Batch) error) error {
	for _, b := range s.batches {
		if err := each(b); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) Skipped(*schemas.Dataset) []string { return nil }

func (s *shelf) Hold(context.Context, *schemas.Dataset) (verify.Held, error) {
	return &shelfHeld{held{}, s}, nil
}

type shelfHeld struct {
	held
	shelf *shelf
}

func (h *shelfHeld) Changes(_ context.Context, s verify.Span, each func(contract.Seq, string, string)) error {
	for _, row := range h.shelf.history[s.Shard] {
		var n int
		var text string
		if _, err := fmt.Sscan(row, &n, &text); err != nil {
			return err
		}
		if seq := number(n); seq >= s.First && seq <= s.Last {
			each(seq, text, "key")
		}
	}
	return nil
}

func (h *shelfHeld) Every(context.Context, []verify.Span, func(shard, seq, text, key []byte) error) error {
	panic("the archive is compared run after run")
}

func (h *shelfHeld) Parked(_ context.Context, _ verify.Span, each func(contract.Seq, bool)) error {
	for _, seq := range h.shelf.parked {
		each(seq, false)
	}
	return nil
}

func (h *shelfHeld) Change(context.Context, string, contract.Seq) (string, string, []verify.Value, error) {
	panic("the archive is not asked twice")
}

func number(n int) contract.Seq { return contract.Seq(fmt.Sprintf("%040d", n)) }

func batch(lane string, after, first, last int, rows ...string) verify.Batch {
	b := verify.Batch{Lane: lane, First: number(first), Last: number(last)}
	if after >= 0 {
		b.After = number(after)
	}
	for _, row := range rows {
		var n int
		var shard, text string
		if _, err := fmt.Sscan(row, &shard, &n, &text); err != nil {
			panic(err)
		}
		b.Changes = append(b.Changes, verify.Archived{Change: verify.Change{Seq: number(n), Hash: verify.Hash([]byte(text)), Key: "key"}, Shard: shard, At: time.Unix(1, 0)})
	}
	return b
}

func TestArchivedChanges(t *testing.T) {
	t.Parallel()
	whole := func() *shelf {
		return &shelf{
			batches: []verify.Batch{batch("s", -1, 1, 3, "s 1 a", "s 3 b"), batch("s", 3, 5, 6, "s 5 c"), batch("s", 8, 9, 9, "s 9 e"), batch("repair/1", -1, 0, 0, "t 4 x", "t 8 y")},
			history: map[string][]string{"s": {"1 a", "3 b", "5 c", "7 d", "9 e", "10 f"}, "t": {"4 x", "6 z", "8 y"}},
		}
	}
	for _, c := range []struct {
		name   string
		change func(s *shelf)
		want   []verify.Difference
	}{
		{"the same, with what is not archived between", func(*shelf) {}, []verify.Difference{}},
		{"missing", func(s *shelf) { s.history["s"] = slices.Delete(s.history["s"], 1, 2) }, []verify.Difference{{What: verify.Missing, Key: "key", Shard: "s", Seq: "3"}}},
		{"missing of a repair", func(s *shelf) { s.history["t"] = s.history["t"][:2] }, []verify.Difference{{What: verify.Missing, Key: "key", Shard: "t", Seq: "8"}}},
		{"different", func(s *shelf) { s.history["s"][2] = "5 C" }, []verify.Difference{{What: verify.Different, Key: "key", Shard: "s", Seq: "5"}}},
		{"doubled", func(s *shelf) { s.history["s"] = slices.Insert(s.history["s"], 0, "1 a") }, []verify.Difference{{What: verify.Doubled, Key: "key", Shard: "s", Seq: "1"}}},
		{"extra within a run of batches", func(s *shelf) { s.history["s"] = slices.Insert(s.history["s"], 2, "4 q") }, []verify.Difference{{What: verify.Extra, Key: "key", Shard: "s", Seq: "4"}}},
		{"a batch that is there twice", func(s *shelf) { s.batches = slices.Insert(s.batches, 1, batch("s", -1, 1, 3, "s 1 a", "s 3 b")) }, []verify.Difference{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := whole()
			c.change(s)
			r, err := verify.ArchivedChanges(t.Context(), dataset(t, "orders"), s, s, verify.ChangeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, r.Differences, cmpopts.IgnoreFields(verify.Difference{}, "Record")); diff != "" {
				t.Error(diff)
			}
			if r.Clean() != (len(c.want) == 0) || r.Mode != "archive" || r.Store < 6 {
				t.Errorf("got %+v", r)
			}
		})
	}
}
