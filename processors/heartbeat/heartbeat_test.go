package heartbeat_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/heartbeat"
)

// way is a store whose shards take keys by their hash, and a lake that has all of it at once. Shard 0 has but a small part
// of the keys.
type way struct {
	shards int
	small  uint32 // of 10,000 hashes, those of shard 0
	blind  bool   // nothing comes through
	coming []beat
	slow   time.Duration // how long a heartbeat is on its way
	marks  lake.Watermarks
	now    time.Time
	beats  int
}

// beat is a heartbeat that was written.
type beat struct {
	lane string
	at   time.Time
}

// wait lets time pass, in which heartbeats arrive.
func (w *way) wait(d time.Duration) {
	w.now = w.now.Add(d)
	left := w.coming[:0]
	for _, b := range w.coming {
		if w.now.Sub(b.at) < w.slow {
			left = append(left, b)
		} else if b.at.After(w.marks[b.lane].At) {
			w.marks[b.lane] = lake.Watermark{Seq: "1", At: b.at}
		}
	}
	w.coming = left
}

func (w *way) Put(_ context.Context, table string, items []record.Item) error {
	for _, item := range items {
		if !record.IsHeartbeat(item) || table != "t" {
			return fmt.Errorf("%v is no heartbeat of %s", item, table)
		}
		w.beats++
		h := fnv.New32a()
		h.Write([]byte(item["id"].Text))
		at, shard := h.Sum32()*2654435761>>8, 0
		if w.shards > 1 && at%10_000 >= w.small {
			shard = 1 + int(at/10_000)%(w.shards-1)
		}
		if !w.blind {
			w.coming = append(w.coming, beat{w.lane(shard), w.now})
		}
	}
	return nil
}

func (w *way) lane(shard int) string { return fmt.Sprintf("label/%d", shard) }

func (w *way) Shards(context.Context, string) ([]feed.Shard, error) {
	all := []feed.Shard{{Label: "label", ID: "gone", Closed: true}}
	for i := range w.shards {
		all = append(all, feed.Shard{Label: "label", ID: fmt.Sprint(i)})
	}
	return all, nil
}

func (w *way) writer() *heartbeat.Writer {
	table := heartbeat.Table{Name: "t", Stream: "s", Key: heartbeat.Key{Partition: "id", PartitionKind: record.S}}
	return heartbeat.New(w, w, table, heartbeat.Options{Every: time.Minute, Way: w.slow, Now: func() time.Time { return w.now }})
}

// TestEveryOpenShardCarriesOne: whatever part of the keys a shard has, some key is found that it carries.
func TestEveryOpenShardCarriesOne(t *testing.T) {
	t.Parallel()
	for _, shards := range []int{1, 2, 4, 16, 100} {
		for _, small := range []uint32{10_000 / uint32(shards), 300, 30} {
			t.Run(fmt.Sprintf("%d shards, one with %d of 10,000 keys", shards, small), func(t *testing.T) {
				t.Parallel()
				w := &way{shards: shards, small: small, marks: lake.Watermarks{}, now: time.Unix(1_800_000_000, 0)}
				writer, rounds := w.writer(), 0
				for ; len(w.marks) < shards && rounds < 20; rounds++ {
					if _, err := writer.Beat(t.Context(), w.marks); err != nil {
						t.Fatal(err)
					}
					w.wait(time.Minute)
				}
				if len(w.marks) < shards {
					t.Fatalf("after %d rounds and %d heartbeats %d of %d shards have carried one", rounds, w.beats, len(w.marks), shards)
				}
				n, err := writer.Beat(t.Context(), w.marks)
				t.Logf("%d rounds, then %d heartbeats a round", rounds, n)
				if err != nil || shards == 1 && n != 1 {
					t.Errorf("one shard wants one heartbeat, got %d, %v", n, err)
				}
			})
		}
	}
}

func TestBusyShardsGetNone(t *testing.T) {
	t.Parallel()
	w := &way{shards: 2, small: 5000, now: time.Unix(1_800_000_000, 0)}
	w.marks = lake.Watermarks{w.lane(0): {Seq: "1", At: w.now.Add(-time.Second)}, w.lane(1): {Seq: "1", At: w.now}}
	if n, err := w.writer().Beat(t.Context(), w.marks); n != 0 || err != nil || w.beats != 0 {
		t.Errorf("got %d, %v", n, err)
	}
}

// TestAWayThatIsHeldUpGetsNoMoreKeys: where nothing comes through, more heartbeats mend nothing.
func TestAWayThatIsHeldUpGetsNoMoreKeys(t *testing.T) {
	t.Parallel()
	w := &way{shards: 4, small: 2500, blind: true, marks: lake.Watermarks{}, now: time.Unix(1_800_000_000, 0)}
	writer := w.writer()
	for range 5 {
		n, err := writer.Beat(t.Context(), w.marks)
		if want := heartbeat.Keys(4, 0); n != want || err != nil {
			t.Fatalf("got %d, %v, want %d", n, err, want)
		}
		w.wait(time.Minute)
	}
}

// TestASlowWayGetsNoMoreKeys: a heartbeat that may still be on its way is not lost, even if the next one is written
// before it has come, and those of some shards come sooner than those of others.
func TestASlowWayGetsNoMoreKeys(t *testing.T) {
	t.Parallel()
	w := &way{shards: 4, small: 2500, slow: 150 * time.Second, marks: lake.Watermarks{}, now: time.Unix(1_800_000_000, 0)}
	writer := w.writer()
	for round := range 20 {
		n, err := writer.Beat(t.Context(), w.marks)
		if want := heartbeat.Keys(4, 0); n != want || err != nil {
			t.Fatalf("round %d: got %d, %v, want %d", round, n, err, want)
		}
		w.wait(time.Minute)
		for lane, m := range w.marks { // one shard is a round ahead of the others
			if lane == w.lane(1) {
				w.marks[lane] = lake.Watermark{Seq: "1", At: m.At.Add(time.Minute)}
			}
		}
	}
}

func TestKeysOfEveryKind(t *testing.T) {
	t.Parallel()
	for _, kind := range []record.Kind{record.S, record.N, record.B} {
		item, err := heartbeat.Item(heartbeat.Key{Partition: "p", PartitionKind: record.S, Sort: "s", SortKind: kind}, 7, time.UnixMilli(1_800_000_000_123))
		if err != nil || item["s"].Kind != kind || !record.IsHeartbeat(item) {
			t.Errorf("got %v, %v", item, err)
		}
	}
}
