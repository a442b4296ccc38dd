package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/stream"
)

// step writes the next value to some keys.
func step(t testing.TB, f Feed, n int) {
	t.Helper()
	for i := range 20 {
		mustWrite(t, f.Store, put(fmt.Sprint("k", i), v(n)))
	}
}

// wantSteps holds the stories of the keys against so many steps, read parents first.
func wantSteps(t testing.TB, f Feed, steps int) {
	t.Helper()
	all := readAll(t, f, 7)
	for i := range 20 {
		want := []string{"INSERT - 1"}
		for n := 2; n <= steps; n++ {
			want = append(want, fmt.Sprintf("MODIFY %d %d", n-1, n))
		}
		wantStory(t, all, fmt.Sprint("k", i), want...)
	}
}

func open(all []stream.Shard) (ids []stream.Shard) {
	for _, sh := range all {
		if !sh.Closed {
			ids = append(ids, sh)
		}
	}
	return ids
}

func rotation(t *testing.T, f Feed) {
	if f.Rotate == nil {
		t.Skip("this feed cannot be rotated by hand")
	}
	before := open(shards(t, f))
	for n := 1; n <= 4; n++ {
		step(t, f, n)
		if err := f.Rotate(context.Background()); err != nil {
			t.Fatal(err)
		}
		wantSteps(t, f, n)
	}
	for _, sh := range before {
		page, err := f.Feed.Read(context.Background(), Stream, sh, "", 1000)
		if err != nil || !page.End {
			t.Errorf("shard %s does not end after rotation: %v", sh.ID, err)
		}
	}
	if now := open(shards(t, f)); len(now) != len(before) || now[0].ID == before[0].ID {
		t.Errorf("%d open shards became %d", len(before), len(now))
	}
}

func splitMerge(t *testing.T, f Feed) {
	if f.Split == nil || f.Merge == nil {
		t.Skip("this feed cannot be split and merged by hand")
	}
	ctx := context.Background()
	step(t, f, 1)
	first := open(shards(t, f))
	if err := f.Split(ctx, first[0].ID); err != nil {
		t.Fatal(err)
	}
	wantKind(t, f.Split(ctx, first[0].ID), fault.Conflict)
	step(t, f, 2)
	wantSteps(t, f, 2)
	halves := open(shards(t, f))
	if len(halves) != len(first)+1 {
		t.Fatalf("%d open shards after a split of one of %d", len(halves), len(first))
	}
	a, b := f.Joined(shards(t, f))
	if err := f.Merge(ctx, a.ID, b.ID); err != nil {
		t.Fatal(err)
	}
	step(t, f, 3)
	wantSteps(t, f, 3)
	all := shards(t, f)
	if child := all[len(all)-1]; len(child.Parents) != 2 || child.Closed {
		t.Errorf("the child of a merge is %+v", child)
	}
	if err := f.Merge(ctx, first[1].ID, first[len(first)-1].ID); len(first) > 2 && !fault.Is(err, fault.Invalid) {
		t.Errorf("shards that are no neighbours were merged: %v", err)
	}
}

func trimming(t *testing.T, f Feed) {
	if f.Trim == nil {
		t.Skip("this feed cannot be trimmed by hand")
	}
	ctx := context.Background()
	mustWrite(t, f.Store, put("a", v(1)))
	mustWrite(t, f.Store, put("a", v(2)))
	old := readAll(t, f, 100)
	if err := f.Trim(ctx); err != nil {
		t.Fatal(err)
	}
	first, last := old[0], old[1]
	if _, err := f.Feed.Read(ctx, Stream, first.shard, first.seq(t), 10); !fault.Is(err, fault.NotFound) {
		t.Errorf("a position whose followers are trimmed: %v", err)
	}
	if got, _ := readShard(t, f, last.shard, last.seq(t), 10); len(got) != 0 {
		t.Errorf("records after the last: %v", got)
	}
	if all := readAll(t, f, 10); len(all) != 0 {
		t.Errorf("%d records after trimming", len(all))
	}
	wantItem(t, f.Store, "a", v(2))
	mustWrite(t, f.Store, put("a", v(3)))
	mustWrite(t, f.Store, remove("a"))
	wantStory(t, readAll(t, f, 10), "a", "MODIFY 2 3", "REMOVE 3 -")
	if err := f.Trim(ctx); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, f.Store, put("a", v(4)))
	wantStory(t, readAll(t, f, 10), "a", "INSERT - 4")
	wantItem(t, f.Store, "a", v(4))
}

func waiting(t *testing.T, f Feed) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	// A reader that waits, then reads everything, must come by every record.
	const records = 30
	read := make(chan error, 1)
	go func() {
		after := map[string]lake.Seq{}
		for seen := 0; seen < records; {
			if err := f.Feed.Wait(ctx, Stream); err != nil {
				read <- fmt.Errorf("after %d records: %w", seen, err)
				return
			}
			all, err := f.Feed.Shards(ctx, Stream)
			if err != nil {
				read <- err
				return
			}
			for _, sh := range all {
				page, err := f.Feed.Read(ctx, Stream, sh, after[sh.ID], 1000)
				if err != nil {
					read <- err
					return
				}
				if seen += page.Records; page.Records > 0 {
					after[sh.ID] = page.Last
				}
			}
		}
		read <- nil
	}()
	for i := range records {
		mustWrite(t, f.Store, put(fmt.Sprint("p", i), v(1)))
	}
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	done, stop := context.WithCancel(context.Background())
	stop()
	for range 3 {
		if err := f.Feed.Wait(done, Stream); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("wait with a done context: %v", err)
		}
	}
}

func expiry(t *testing.T, f Feed) {
	if f.Expire == nil {
		t.Skip("this feed's clock is not ours")
	}
	mustWrite(t, f.Store, put("a", item{"v": num("1"), "expires": num("1000")}), put("b", item{"v": num("1"), "expires": num("2000")}),
		put("c", item{"v": num("1"), "expires": str("1000")}), put("d", item{"v": num("1"), "expires": num("1000")}))
	late := update("d")
	late.Set = item{"expires": num("3000")}
	mustWrite(t, f.Store, late)
	if err := f.Expire(context.Background(), time.Unix(1500, 0)); err != nil {
		t.Fatal(err)
	}
	wantItem(t, f.Store, "a", nil)
	all := readAll(t, f, 100)
	wantStory(t, all, "a", "INSERT - 1", "REMOVE 1 -")
	wantStory(t, all, "b", "INSERT - 1")
	wantStory(t, all, "c", "INSERT - 1")
	wantStory(t, all, "d", "INSERT - 1", "MODIFY 1 1")
	gone := story(t, all, "a")[1]
	if gone.Identity.Type != "Service" || gone.Identity.PrincipalID != "dynamodb.amazonaws.com" {
		t.Errorf("removed by %+v", gone.Identity)
	}
	mustWrite(t, f.Store, remove("b"))
	if by := story(t, readAll(t, f, 100), "b")[1].Identity; by.Type != "" {
		t.Errorf("removed by a caller, but the record says %+v", by)
	}
}

// completeTo reads while others write: a page's Now must never claim a record that was not shown yet.
func completeTo(t *testing.T, f Feed) {
	const writes = 300
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range writes {
			if err := f.Store.Write(context.Background(), put(fmt.Sprint("p", i), v(1))); err != nil {
				t.Error(err)
			}
		}
	}()
	after, claimed := map[string]lake.Seq{}, map[string]time.Time{}
	seen := 0
	for running := true; running || seen < writes; {
		select {
		case <-done:
			running = false
		default:
		}
		before := seen
		for _, sh := range shards(t, f) {
			page, err := f.Feed.Read(context.Background(), Stream, sh, after[sh.ID], 5)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range parse(t, page, 5) {
				if at := time.UnixMilli(int64(c.Data.At*1000 + 0.5)); at.Add(f.Grain).Before(claimed[sh.ID]) {
					t.Fatalf("a record of %v came after all before %v was said to be read", at, claimed[sh.ID])
				}
				seen++
				after[sh.ID] = c.seq(t)
			}
			if page.Now.After(claimed[sh.ID]) {
				claimed[sh.ID] = page.Now
			}
		}
		if !running && seen == before && seen < writes {
			t.Fatalf("only %d of %d records can be read", seen, writes)
		}
	}
}
