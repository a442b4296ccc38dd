package node

import (
	"slices"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// ordered refuses a range that nothing can be in, which would be answered like one in which nothing is.
func ordered(from, to time.Time) error {
	if from.IsZero() || to.IsZero() || from.Before(to) {
		return nil
	}
	return fault.New(fault.Invalid, "--from %s is not before --to %s, so nothing lies between them: exchange them", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
}

// inSome refuses a region that none of the datasets has. Where the regions of one are not known, it may be one.
func inSome(chosen []*schemas.Dataset, region string) error {
	known := []string{}
	for _, d := range chosen {
		if region == "" || len(d.Region.Values) == 0 || slices.Contains(d.Region.Values, region) {
			return nil
		}
		known = append(known, d.Region.Values...)
	}
	slices.Sort(known)
	return fault.New(fault.NotFound, "no region %q; there are %v: name one of them", region, slices.Compact(known))
}

// checkQuarantine refuses a filter of the quarantine that does not say what it means. One that is passed over would mean everything.
func (n *Node) checkQuarantine(a QuarantineArgs) error {
	if _, ok := n.registry.Dataset(a.Dataset); a.Dataset != "" && !ok {
		return n.noDataset(a.Dataset)
	}
	if a.ID != "" && !strings.Contains(a.ID, ":") {
		return fault.New(fault.Invalid, "%q is not the id of a quarantined record: want <shard>:<sequence number>, as `tarn quarantine list` prints it", a.ID)
	}
	return ordered(a.From, a.To)
}
