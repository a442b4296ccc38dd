package node

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

// VerifyArgs asks for a comparison of some datasets; none means all that have a store.
type VerifyArgs struct {
	Datasets []string  `json:"datasets,omitempty"`
	Changes  bool      `json:"changes,omitempty"` // the change feed against the history, instead of state against state
	Archive  bool      `json:"archive,omitempty"` // with changes: what the archive holds instead of the feed
	Region   string    `json:"region,omitempty"`
	From     time.Time `json:"from,omitzero"` // of changes
	To       time.Time `json:"to,omitzero"`
}

func (n *Node) verify(ctx context.Context, a VerifyArgs, tell Tell) ([]verify.Report, error) {
	chosen, err := n.chosen(a.Datasets)
	if err == nil {
		err = errors.Join(ordered(a.From, a.To), inSome(chosen, a.Region))
	}
	if err != nil {
		return nil, err
	}
	reports := []verify.Report{}
	err = n.working(ctx, func(ctx context.Context) error {
		for _, d := range chosen {
			r, err := n.compare(ctx, d, a, tell)
			if err != nil {
				return fmt.Errorf("verify %s: %w", d.Name, err)
			}
			reports = append(reports, r)
		}
		return nil
	})
	return reports, err
}

func (n *Node) compare(ctx context.Context, d *schemas.Dataset, a VerifyArgs, tell Tell) (verify.Report, error) {
	return n.compareNamed(ctx, d, a, 0, tell)
}

// compareNamed compares and names so many differences; 0: as many as people read.
func (n *Node) compareNamed(ctx context.Context, d *schemas.Dataset, a VerifyArgs, named int, tell Tell) (verify.Report, error) {
	r, err := n.compareOnce(ctx, d, a, named, tell)
	if err == nil || ctx.Err() != nil || d.Key.IsZero() {
		return r, err
	}
	// A file of the right size is taken for whole, until something that reads it fails.
	found, also := n.findBroken(ctx, d)
	if found == 0 || also != nil {
		return r, errors.Join(err, also)
	}
	return n.compareOnce(ctx, d, a, named, tell)
}

func (n *Node) compareOnce(ctx context.Context, d *schemas.Dataset, a VerifyArgs, named int, tell Tell) (verify.Report, error) {
	o := verify.Options{Mask: n.newMask(), Mark: n.newMark(), Dir: n.folder.Path("temp"), Region: a.Region, Named: named}
	if a.Archive && !a.Changes {
		return verify.Report{}, fault.New(fault.Invalid, "--archive compares changes: give it with --changes")
	}
	if a.Archive {
		o.Tell = func(read int64) { tell(Step{What: d.Name + " changes read", Done: read}) }
		return verify.ArchivedChanges(ctx, d, archiveView{n}, archiveView{n}, verify.ChangeOptions{Options: o, From: a.From, To: a.To})
	}
	if a.Changes {
		o.Tell = func(read int64) { tell(Step{What: d.Name + " changes read", Done: read}) }
		return verify.Changes(ctx, d, n.feed, lakeView{n}, verify.ChangeOptions{Options: o, From: a.From, To: a.To})
	}
	if !a.From.IsZero() || !a.To.IsZero() {
		return verify.Report{}, fault.New(fault.Invalid, "--from and --to choose changes: give them with --changes")
	}
	o.Tell = func(read int64) { tell(Step{What: d.Name + " records read", Done: read}) }
	return verify.State(ctx, d, n.store, lakeView{n}, o)
}

// newMask returns a function that says what the lake keeps of a masked value: 16 bytes of a keyed hash, written here once
// more so that the comparison does not trust the code it checks. It is not safe for concurrent use.
func (n *Node) newMask() func(string) string {
	mac := hmac.New(sha256.New, n.folder.Key("mask"))
	var plain [64]byte
	var sum [sha256.Size]byte
	return func(text string) string {
		mac.Reset()
		mac.Write(append(plain[:0], text...))
		return hex.EncodeToString(mac.Sum(sum[:0])[:16])
	}
}
