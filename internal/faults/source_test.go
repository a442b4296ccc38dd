package faults_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
)

// source is a table's change stream: shards that split, with records of keys whose states it knows.
type source struct {
	rng    *rand.Rand
	shards []*shard
	items  map[string]item // by key: what the table holds
	seq    int
}

type item struct {
	area string
	n    int
	bad  bool // its newest change could not be decoded
}

// shard is one shard; parent must be read to its end before it.
type shard struct {
	id      string
	parent  *shard
	closed  bool
	records []change
	taken   int      // records that are acknowledged
	before  []int    // how far it was taken at each batch: where a stale reader may stand
	skipped [][2]int // from and to of records that the reader passed without landing them
}

// change is one record, and the rows that the lake must have of it.
type change struct {
	seq  int
	json string
	rows []string // of items_changes, or of the quarantine
}

func newSource(seed uint64) *source {
	s := &source{rng: rand.New(rand.NewPCG(seed, 1)), items: map[string]item{}}
	s.shards = []*shard{{id: "0"}, {id: "1"}}
	return s
}

// open returns the shard that takes a key's changes now.
func (s *source) open(key int) *shard {
	at := s.shards[key%2]
	for {
		var next *shard
		for _, c := range s.shards {
			if c.parent == at {
				next = c
			}
		}
		if next == nil {
			return at
		}
		at = next
	}
}

// emit writes n changes.
func (s *source) emit(n int) {
	for range n {
		number := s.rng.IntN(12)
		s.change(s.open(number), fmt.Sprintf("k%02d", number))
	}
}

var areas = [...]string{"north", "south", "elsewhere"}

func regionOf(area string) string {
	if area == "elsewhere" {
		return "unknown"
	}
	return area
}

func (s *source) change(to *shard, key string) {
	s.seq += 1 + s.rng.IntN(5)
	old, there := s.items[key]
	now := item{area: areas[s.rng.IntN(len(areas))], n: s.rng.IntN(1000)}
	op, dice := "INSERT", s.rng.IntN(20)
	if there {
		op = "MODIFY"
		if s.rng.IntN(3) > 0 {
			now.area = old.area
		}
		if dice < 4 {
			op = "REMOVE"
		}
	}
	c := change{seq: s.seq}
	number := fmt.Sprint(now.n)
	if dice == 19 {
		number, now.bad = "1.5", true // no int64
	}
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(s.seq) * 7 * time.Minute)
	images := ""
	if op != "REMOVE" {
		images += fmt.Sprintf(`,"NewImage":{"id":{"S":%q},"area":{"S":%q},"n":{"N":%q}}`, key, now.area, number)
	}
	if there {
		images += fmt.Sprintf(`,"OldImage":{"id":{"S":%q},"area":{"S":%q},"n":{"N":"%d"}}`, key, old.area, old.n)
	}
	c.json = fmt.Sprintf(`{"eventName":%q,"awsRegion":"eu-west-1","dynamodb":{"ApproximateCreationDateTime":%d,"Keys":{"id":{"S":%q}}%s,"SequenceNumber":"%021d","StreamViewType":"NEW_AND_OLD_IMAGES"}}`,
		op, at.Unix(), key, images, c.seq)
	c.rows = s.rows(to, c.seq, op, key, old, there, now)
	to.records = append(to.records, c)
	switch {
	case op == "REMOVE":
		delete(s.items, key)
	case now.bad:
		old.bad = there
		if there {
			s.items[key] = old // the table of the model goes on as if the bad change had never been
		}
	default:
		s.items[key] = now
	}
}

// rows returns what the lake must hold of a change.
func (s *source) rows(to *shard, seq int, op, key string, old item, there bool, now item) []string {
	dt := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(seq) * 7 * time.Minute).Format(time.DateOnly)
	row := func(table, op, region, id string, n string) string {
		return strings.Join([]string{table, op, to.lane(), fmt.Sprint(seq), dt, region, id, n}, " ")
	}
	switch {
	case op == "REMOVE":
		return []string{row("items", "remove", regionOf(old.area), key, "-")}
	case now.bad:
		return []string{row("quarantine", strings.ToLower(op), "unknown", "-", "-")}
	}
	all := []string{row("items", strings.ToLower(op), regionOf(now.area), key, fmt.Sprint(now.n))}
	if there && regionOf(old.area) != regionOf(now.area) {
		all = append(all, row("items", "leave", regionOf(old.area), key, "-"))
	}
	return all
}

// split closes an open shard and opens its child.
func (s *source) split(n int) {
	at := s.open(n)
	at.closed = true
	s.shards = append(s.shards, &shard{id: fmt.Sprint(len(s.shards)), parent: at})
}

// skip passes records that are not landed, as a reader does that was held up too long, or is broken: what it lands next
// stands behind a hole.
func (s *shard) skip(n int) {
	to := min(s.taken+n, len(s.records))
	if to == s.taken || !s.ready() {
		return
	}
	s.skipped = append(s.skipped, [2]int{s.taken, to})
	s.taken = to
	s.before = append(s.before, to)
}

func (s *shard) lane() string { return "label/" + s.id }

// ready reports whether the shard may be read: its parent has been taken to its end.
func (s *shard) ready() bool {
	return s.parent == nil || s.parent.closed && s.parent.taken == len(s.parent.records) && s.parent.ready()
}

// body is a batch of records as a stream event.
func (s *shard) body(from, to int) []byte {
	var all []string
	for _, c := range s.records[from:to] {
		all = append(all, c.json)
	}
	return []byte(`{"Records":[` + strings.Join(all, ",") + `]}`)
}

// after is what the reader took before a batch.
func (s *shard) after(from int) lake.Seq {
	if from == 0 {
		return ""
	}
	return lake.Seq(fmt.Sprintf("%040d", s.records[from-1].seq))
}

// count returns how many changes there were.
func (s *source) count() (n int) {
	for _, one := range s.shards {
		n += len(one.records)
	}
	return n
}
