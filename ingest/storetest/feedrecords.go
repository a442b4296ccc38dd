package storetest

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
)

func bothImages(t *testing.T, f Feed) {
	mustWrite(t, f.Store, put("a", item{"v": num("1"), "text": str("\"é\"\n")}))
	grow := update("a")
	grow.Add = map[string]int64{"v": 1}
	mustWrite(t, f.Store, grow)
	mustWrite(t, f.Store, put("a", v(3)))
	mustWrite(t, f.Store, remove("a"))
	mustWrite(t, f.Store, put("a", v(4)))
	all := readAll(t, f, 100)
	wantStory(t, all, "a", "INSERT - 1", "MODIFY 1 2", "MODIFY 2 3", "REMOVE 3 -", "INSERT - 4")
	if len(all) != 5 {
		t.Fatalf("%d records", len(all))
	}
	want := item{"id": str("a"), "v": num("2"), "text": str("\"é\"\n")}
	if got := image(t, all[1].Data.New); !got.Equal(want) {
		t.Errorf("new image %v, want %v", got, want)
	}
	if all[3].Data.New != nil || all[0].Data.Old != nil || all[4].Data.Old != nil {
		t.Error("an image stands where there is none")
	}
	ids := map[string]bool{}
	for _, c := range all {
		ids[c.ID] = true
		at := time.UnixMicro(int64(math.Round(c.Data.At * 1e6)))
		if c.Version != "1.1" || c.Source != "aws:dynamodb" || c.Data.View != "NEW_AND_OLD_IMAGES" || (c.ARN == "") != f.Poll || c.Identity.Type != "" ||
			at.Before(f.Since.Truncate(time.Second)) {
			t.Errorf("record %+v", c)
		}
	}
	if len(ids) != len(all) {
		t.Errorf("event ids repeat: %v", ids)
	}
}

func noOps(t *testing.T, f Feed) {
	mustWrite(t, f.Store, put("a", v(1)))
	mustWrite(t, f.Store, put("a", v(1)))
	mustWrite(t, f.Store, remove("b"))
	mustWrite(t, f.Store, check("a", exists("")))
	nothing := update("a")
	nothing.Set, nothing.Add, nothing.Unset = item{"v": num("1")}, map[string]int64{}, []string{"w"}
	mustWrite(t, f.Store, nothing)
	wantKind(t, f.Store.Write(context.Background(), put("a", v(2)), put("c", v(1), exists(""))), fault.Conflict)
	all := readAll(t, f, 100)
	wantStory(t, all, "a", "INSERT - 1")
	if len(all) != 1 {
		t.Errorf("%d records, want 1", len(all))
	}
}

func keyOrder(t *testing.T, f Feed) {
	const ids, writers, each = 7, 8, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				a := update(fmt.Sprint("k", (w+i)%ids))
				a.Add = map[string]int64{"v": 1}
				if err := f.Store.Write(context.Background(), a); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all := readAll(t, f, 9)
	if len(all) != writers*each {
		t.Errorf("%d records, want %d", len(all), writers*each)
	}
	for k := range ids {
		var want []string
		got := story(t, all, fmt.Sprint("k", k))
		for i := range got {
			if i == 0 {
				want = append(want, "INSERT - 1")
			} else {
				want = append(want, fmt.Sprintf("MODIFY %d %d", i, i+1))
			}
		}
		wantStory(t, all, fmt.Sprint("k", k), want...)
	}
}

func paging(t *testing.T, f Feed) {
	for i := range 40 {
		mustWrite(t, f.Store, put(fmt.Sprint("p", i), v(i)))
	}
	whole := readAll(t, f, 1000)
	for _, limit := range []int{1, 3, 40} {
		if got := readAll(t, f, limit); fmt.Sprint(got) != fmt.Sprint(whole) {
			t.Errorf("%d a page: other records than in one page", limit)
		}
	}
	for i, c := range whole {
		rest, _ := readShard(t, f, c.shard, c.seq(t), 100)
		for j, r := range rest {
			if i+1+j >= len(whole) || r.ID != whole[i+1+j].ID {
				t.Fatalf("reading again after record %d gives another record", i)
			}
		}
		if again, _ := readShard(t, f, c.shard, c.seq(t).Before(), 100); len(again) == 0 || again[0].ID != c.ID {
			t.Fatalf("reading after the number before that of record %d does not give it", i)
		}
	}
}

func otherTables(t *testing.T, f Feed) {
	mustWrite(t, f.Store, ingest.Action{Kind: ingest.Update, Table: "counters", Key: ingest.Key{Partition: str("x"), Sort: num("1")}}, put("a", v(1)))
	if all := readAll(t, f, 100); len(all) != 1 {
		t.Errorf("%d records, want that of the streamed table alone", len(all))
	}
}

func transactionFeed(t *testing.T, f Feed) {
	var actions []ingest.Action
	for i := range 50 {
		actions = append(actions, put(fmt.Sprint("p", i), v(1)))
	}
	mustWrite(t, f.Store, actions...)
	all := readAll(t, f, 100)
	for i := range 50 {
		wantStory(t, all, fmt.Sprint("p", i), "INSERT - 1")
	}
}
