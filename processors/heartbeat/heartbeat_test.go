package heartbeat_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
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
	marks  lake.Watermarks
	now    time.Time
	beats  int
}

func (w *way) Write(_ context.Context, actions ...ingest.Action) error {
	for _, a := range actions {
		if !record.IsHeartbeat(a.Item) {
			return fmt.Errorf("%v is no heartbeat", a.Item)
		}
		w.beats++
		h := fnv.New32a()
		h.Write([]byte(a.Item["id"].Text))
		at, shard := h.Sum32()*2654435761>>8, 0
		if w.shards > 1 && at%10_000 >= w.small {
			shard = 1 + int(at/10_000)%(w.shards-1)
		}
		if !w.blind {
			w.marks[w.lane(shard)] = lake.Watermark{Seq: "1", At: w.now}
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
	table := ingest.Table{Name: "t", Stream: "s", Key: ingest.TableKey{Partition: "id", PartitionKind: record.S}}
	return heartbeat.New(w, w, table, heartbeat.Options{Every: time.Minute, Now: func() time.Time { return w.now }})
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
					w.now = w.now.Add(time.Minute)
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
		w.now = w.now.Add(time.Minute)
	}
}

func TestKeysOfEveryKind(t *testing.T) {
	t.Parallel()
	for _, kind := range []record.Kind{record.S, record.N, record.B} {
		item, err := heartbeat.Item(ingest.TableKey{Partition: "p", PartitionKind: record.S, Sort: "s", SortKind: kind}, 7, time.UnixMilli(1_800_000_000_123))
		if err != nil || item["s"].Kind != kind || !record.IsHeartbeat(item) {
			t.Errorf("got %v, %v", item, err)
		}
	}
}
