package node

import (
	"context"
	"fmt"
	"slices"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// context returns what holds of the reports' datasets beside the comparisons.
func (n *Node) context(ctx context.Context, reports []verify.Report) (verify.Context, error) {
	c := verify.Context{Holes: []lake.Hole{}, Held: map[string]int64{}}
	open, err := n.openHoles(ctx)
	if err != nil {
		return c, err
	}
	streams := map[string]bool{}
	for _, r := range reports {
		if d, ok := n.registry.Dataset(r.Dataset); ok {
			streams[d.Stream], c.Held[r.Dataset] = true, 0
		}
	}
	for _, h := range open {
		if streams[h.Stream] {
			c.Holes = append(c.Holes, h)
		}
	}
	found, err := n.query.Whole(ctx, "SELECT dataset, count(*) FROM "+plan.Ident(schemas.QuarantineTable)+" GROUP BY dataset", schemas.QuarantineTable)
	if err != nil {
		return c, fmt.Errorf("count what is in quarantine: %w", err)
	}
	for row := range found.Rows {
		if name := found.Columns[0].Texts[row]; slices.ContainsFunc(reports, func(r verify.Report) bool { return r.Dataset == name }) {
			c.Held[name] = found.Columns[1].Ints[row]
		}
	}
	return c, nil
}

// checkReport reads what a report is of once more and says what is not as it was. The state as of a commit is read from
// the history, so it cannot be read again where retention has dropped some of that.
func (n *Node) checkReport(ctx context.Context, r verify.Report, format int) (Checked, error) {
	k := Checked{Dataset: r.Dataset, Mode: r.Mode, Clean: r.Clean(), Commit: r.Pin.Commit, Was: r.Lake, Changed: []string{}}
	d, ok := n.registry.Dataset(r.Dataset)
	if !ok {
		return k, n.noDataset(r.Dataset)
	}
	snap, err := n.history(d).Changes.Snapshot(ctx)
	if err != nil {
		return k, err
	}
	if snap.Horizon != r.Pin.Horizon {
		k.Changed = append(k.Changed, fmt.Sprintf("retention has dropped the history before %s (then: %s)", snap.Horizon, orNothing(r.Pin.Horizon)))
	}
	if k.Unreadable = r.Mode != "changes" && snap.Horizon != ""; k.Unreadable {
		k.Changed = append(k.Changed, fmt.Sprintf("the state as of commit %d cannot be read again: its history begins with %s", r.Pin.Commit, snap.Horizon))
		return k, nil
	}
	sum, err := n.again(ctx, r, format)
	if err != nil {
		return k, err
	}
	k.Is, k.Same = sum.Rows, sum.Rows == r.Lake && sum.String() == r.LakeSum
	switch {
	case k.Same:
	case k.Is == k.Was:
		k.Changed = append(k.Changed, fmt.Sprintf("the same number of records as of commit %d, and what they say differs", r.Pin.Commit))
	default:
		k.Changed = append(k.Changed, fmt.Sprintf("%d records as of commit %d, and %d then", k.Is, r.Pin.Commit, k.Was))
	}
	return k, nil
}

func orNothing(day string) string {
	if day == "" {
		return "nothing"
	}
	return day
}

// moved says which holes and how much of the quarantine of a dataset are not as they were.
func (n *Node) moved(dataset string, then, now verify.Context) []string {
	d, ok := n.registry.Dataset(dataset)
	if !ok {
		return nil
	}
	var said []string
	tell := func(in, notIn []lake.Hole, what string) {
		for _, h := range in {
			if h.Stream == d.Stream && !slices.ContainsFunc(notIn, func(o lake.Hole) bool { return o.ID == h.ID }) {
				said = append(said, "hole "+h.ID+" "+what+": "+h.Reason)
			}
		}
	}
	tell(then.Holes, now.Holes, "was closed since")
	tell(now.Holes, then.Holes, "was found since")
	if then.Held != nil && then.Held[dataset] != now.Held[dataset] {
		said = append(said, fmt.Sprintf("%d records are in quarantine, and %d were then", now.Held[dataset], then.Held[dataset]))
	}
	return said
}
