package commit

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
)

// landing is what has landed of one stream, the oldest first; a lane's batches are in their order.
type landing struct {
	stream  string
	batches []*batch
}

type batch struct {
	lake.LandedName
	key    string
	size   int64
	at     time.Time    // when it landed, or what comes before it in its lane if that landed later
	landed *lake.Landed // nil until it is read, and where it cannot be
	reason string       // why it cannot be
}

type lane struct{ stream, lane string }

// landed lists what has landed. A listing is not a snapshot: its pages may show batch 2 and miss batch 1. So it lists
// twice, and takes of the second listing what is at or below each lane's newest name in the first: a lane's batches land
// one after another, so those before it were there when the second began.
func (c *Committer) landed(ctx context.Context, report *Report) ([]landing, error) {
	first, _, err := c.names(ctx)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	newest := map[lane]lake.Seq{}
	for _, b := range first {
		l := lane{b.Stream, b.Lane}
		newest[l] = max(newest[l], b.Last)
	}
	second, strange, err := c.names(ctx)
	if err != nil {
		return nil, err
	}
	for _, key := range strange {
		if err := c.setAside(ctx, key, "its name is not that of a landed object", report); err != nil {
			return nil, err
		}
	}
	second = slices.DeleteFunc(second, func(b *batch) bool { return b.Last > newest[lane{b.Stream, b.Lane}] })
	byAge(second)
	var streams []landing
	for _, b := range second {
		if n := len(streams); n == 0 || streams[n-1].stream != b.Stream {
			streams = append(streams, landing{stream: b.Stream})
		}
		s := &streams[len(streams)-1]
		s.batches = append(s.batches, b)
	}
	return streams, nil
}

// byAge puts each stream's batches in the order in which they landed. A lane's own order stays, also where one of its
// batches has landed again.
func byAge(batches []*batch) {
	slices.SortFunc(batches, byLane)
	for i := 1; i < len(batches); i++ {
		if b, before := batches[i], batches[i-1]; before.Stream == b.Stream && before.Lane == b.Lane && before.at.After(b.at) {
			b.at = before.at
		}
	}
	slices.SortStableFunc(batches, func(a, b *batch) int { return cmp.Or(cmp.Compare(a.Stream, b.Stream), a.at.Compare(b.at)) })
}

// byLane orders batches lane after lane, each lane's as they follow each other.
func byLane(a, b *batch) int {
	return cmp.Or(cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
}

// names lists once. Strange are keys that no landed object has.
func (c *Committer) names(ctx context.Context) (batches []*batch, strange []string, err error) {
	found, err := c.files.List(ctx, lake.LandingDir+"/")
	if err != nil {
		return nil, nil, err
	}
	for _, f := range found {
		name, err := lake.ParseLandedName(f.Name())
		if err != nil {
			strange = append(strange, f.Name())
			continue
		}
		batches = append(batches, &batch{LandedName: name, key: f.Name(), size: f.Size(), at: f.ModTime()})
	}
	return batches, strange, nil
}

// aside returns where an object goes that cannot be read.
func aside(key string) string { return lake.LandingBadDir + strings.TrimPrefix(key, lake.LandingDir) }

// setAside moves an object that cannot be read to where people look for it.
func (c *Committer) setAside(ctx context.Context, key, reason string, report *Report) error {
	to := aside(key)
	if err := c.files.Move(ctx, key, to); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	report.Unreadable = append(report.Unreadable, to)
	c.opts.Observe(Unreadable{Key: to, Reason: reason})
	return nil
}
