package storetest

import (
	"context"
	"testing"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

func putIsGot(t *testing.T, s ingest.Store) {
	all := item{
		"text": str("Ruma \"R\" <é😀>\n\x00"), "empty": str(""), "number": num("-12.5"), "yes": record.Bool(true), "none": record.Null(),
		"bytes": {Kind: record.B, Bytes: []byte{0, 1, 255}},
		"map":   {Kind: record.M, Map: item{"list": {Kind: record.L, List: []value{num("1"), str("a")}}}},
		"ss":    {Kind: record.SS, Set: []string{"b", "a"}}, "ns": {Kind: record.NS, Set: []string{"1", "2"}},
		"bs": {Kind: record.BS, Set: []string{"\xff", "\x00"}},
	}
	wantItem(t, s, "a", nil)
	mustWrite(t, s, put("a", all))
	wantItem(t, s, "a", all)
	wantItem(t, s, "b", nil)
}

func putReplaces(t *testing.T, s ingest.Store) {
	mustWrite(t, s, put("a", item{"x": num("1"), "y": num("2")}))
	mustWrite(t, s, put("a", item{"x": num("3")}))
	wantItem(t, s, "a", item{"x": num("3")})
}

func conditions(t *testing.T, s ingest.Store) {
	mustWrite(t, s, put("a", item{"n": num("1"), "s": str("x")}))
	for _, c := range []struct {
		name string
		cond ingest.Condition
		id   string
		want bool
	}{
		{"item there", exists(""), "a", true},
		{"item not there", exists(""), "b", false},
		{"no item wanted, none there", missing(""), "b", true},
		{"no item wanted, one there", missing(""), "a", false},
		{"attribute there", exists("s"), "a", true},
		{"attribute not there", exists("t"), "a", false},
		{"attribute of no item", exists("s"), "b", false},
		{"no attribute wanted, none there", missing("t"), "a", true},
		{"no attribute wanted, one there", missing("s"), "a", false},
		{"no attribute wanted, no item", missing("s"), "b", true},
		{"equal", equal("s", str("x")), "a", true},
		{"not equal", equal("s", str("y")), "a", false},
		{"other kind", equal("n", str("1")), "a", false},
		{"equal to nothing", equal("t", str("x")), "a", false},
		{"equal in no item", equal("s", str("x")), "b", false},
		{"equal number written otherwise", equal("n", num("1.0")), "a", true},
	} {
		err := s.Write(context.Background(), check(c.id, c.cond))
		if c.want && err != nil || !c.want && !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: got %v, want it to hold: %v", c.name, err, c.want)
		}
	}
	err := s.Write(context.Background(), put("a", nil, equal("s", str("x")), equal("n", num("2"))))
	wantRefused(t, err, 0, item{"id": str("a"), "n": num("1"), "s": str("x")})
}

func refusalShows(t *testing.T, s ingest.Store) {
	mustWrite(t, s, put("a", item{"status": str("APPLIED")}))
	ctx := context.Background()
	found := item{"id": str("a"), "status": str("APPLIED")}
	wantRefused(t, s.Write(ctx, put("a", nil, missing(""))), 0, found)
	wantRefused(t, s.Write(ctx, put("b", nil), update("a", equal("status", str("DONE")))), 1, found)
	wantRefused(t, s.Write(ctx, put("b", nil), put("c", nil), remove("d", exists(""))), 2, nil)
	wantItem(t, s, "b", nil)
}

func allOrNothing(t *testing.T, s ingest.Store) {
	counter := ingest.Action{
		Kind: ingest.Update, Table: "counters", Key: ingest.Key{Partition: str("dhaka"), Sort: num("1")},
		Add: map[string]int64{"passes": 1},
	}
	mustWrite(t, s, put("a", item{"v": num("1")}), counter)
	err := s.Write(context.Background(), put("a", item{"v": num("2")}), counter, put("b", nil), check("c", exists("")))
	wantRefused(t, err, 3, nil)
	wantItem(t, s, "a", item{"v": num("1")})
	wantItem(t, s, "b", nil)
	got, err := s.Get(context.Background(), "counters", counter.Key)
	if err != nil || !got.Equal(item{"area": str("dhaka"), "day": num("1"), "passes": num("1")}) {
		t.Errorf("counter %v, %v", got, err)
	}
	mustWrite(t, s, put("c", nil))
	mustWrite(t, s, put("a", item{"v": num("2")}), counter, remove("b"), check("c", exists("")))
	wantItem(t, s, "a", item{"v": num("2")})
	mustWrite(t, s)
}

func itemTwice(t *testing.T, s ingest.Store) {
	ctx := context.Background()
	wantKind(t, s.Write(ctx, put("a", nil), update("a")), fault.Invalid)
	wantKind(t, s.Write(ctx, check("a", missing("")), put("b", nil), remove("a")), fault.Invalid)
	wantItem(t, s, "b", nil)
}

func updates(t *testing.T, s ingest.Store) {
	a := update("a", missing(""))
	a.Set, a.Add = item{"s": str("x"), "m": num("1")}, map[string]int64{"n": 5}
	mustWrite(t, s, a)
	wantItem(t, s, "a", item{"s": str("x"), "m": num("1"), "n": num("5")})
	b := update("a", exists(""))
	b.Set, b.Unset, b.Add = item{"s": str("y")}, []string{"m", "nothing"}, map[string]int64{"n": -7}
	mustWrite(t, s, b)
	wantItem(t, s, "a", item{"s": str("y"), "n": num("-2")})
	mustWrite(t, s, update("b"))
	wantItem(t, s, "b", item{})
	c := update("a")
	c.Set = item{"n": num("9223372036854775807")}
	mustWrite(t, s, c)
	c = update("a")
	c.Add = map[string]int64{"n": 1}
	mustWrite(t, s, c)
	wantItem(t, s, "a", item{"s": str("y"), "n": num("9223372036854775808")})
}

func badUpdates(t *testing.T, s ingest.Store) {
	mustWrite(t, s, put("a", item{"s": str("x")}))
	for name, change := range map[string]func(*ingest.Action){
		"add to a text":         func(a *ingest.Action) { a.Add = map[string]int64{"s": 1} },
		"set the key":           func(a *ingest.Action) { a.Set = item{"id": str("b")} },
		"unset the key":         func(a *ingest.Action) { a.Unset = []string{"id"} },
		"set and unset":         func(a *ingest.Action) { a.Set, a.Unset = item{"v": num("1")}, []string{"v"} },
		"a number that is none": func(a *ingest.Action) { a.Set = item{"v": num("one")} },
		"an empty set":          func(a *ingest.Action) { a.Set = item{"v": {Kind: record.SS}} },
		"no value":              func(a *ingest.Action) { a.Set = item{"v": {}} },
		"index key of its kind": func(a *ingest.Action) { a.Set = item{"applicant": num("1"), "start": str("x")} },
	} {
		a := update("a")
		change(&a)
		if err := s.Write(context.Background(), a); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want Invalid", name, err)
		}
	}
	wantItem(t, s, "a", item{"s": str("x")})
}

func deletes(t *testing.T, s ingest.Store) {
	mustWrite(t, s, put("a", nil))
	mustWrite(t, s, remove("a"), remove("b"))
	wantItem(t, s, "a", nil)
	wantRefused(t, s.Write(context.Background(), remove("a", exists(""))), 0, nil)
}

func keys(t *testing.T, s ingest.Store) {
	ctx := context.Background()
	wantKind(t, s.Write(ctx, ingest.Action{Kind: ingest.Put, Table: "passes", Item: item{"x": num("1")}}), fault.Invalid)
	wantKind(t, s.Write(ctx, ingest.Action{Kind: ingest.Put, Table: "passes", Item: item{"id": num("1")}}), fault.Invalid)
	wantKind(t, s.Write(ctx, put("", nil)), fault.Invalid)
	_, err := s.Get(ctx, "counters", ingest.Key{Partition: str("dhaka")})
	wantKind(t, err, fault.Invalid)
	_, err = s.Get(ctx, "passes", ingest.Key{Partition: str("a"), Sort: str("b")})
	wantKind(t, err, fault.Invalid)
	one := ingest.Key{Partition: str("x"), Sort: num("1")}
	mustWrite(t, s, ingest.Action{Kind: ingest.Update, Table: "counters", Key: one})
	if _, err := s.Get(ctx, "counters", ingest.Key{Partition: str("x"), Sort: num("1.00")}); err != nil {
		t.Errorf("1 and 1.00 are one key: %v", err)
	}
}

func unknown(t *testing.T, s ingest.Store) {
	ctx := context.Background()
	_, err := s.Get(ctx, "nothing", key("a"))
	wantKind(t, err, fault.NotFound)
	_, err = s.Query(ctx, ingest.Query{Table: "passes", Index: "nothing", Partition: str("a")})
	wantKind(t, err, fault.NotFound)
	_, err = s.Scan(ctx, ingest.Scan{Table: "nothing"})
	wantKind(t, err, fault.NotFound)
	wantKind(t, s.Write(ctx, ingest.Action{Kind: ingest.Delete, Table: "nothing", Key: key("a")}), fault.NotFound)
}
