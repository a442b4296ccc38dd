package node

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// Certified is what a comparison found, and the certificate of it.
type Certified struct {
	Reports     []verify.Report `json:"reports"`
	Certificate string          `json:"certificate"`
}

// CertificateArgs asks whether the lake still says what a certificate says.
type CertificateArgs struct {
	Certificate string `json:"certificate"`
}

// Checked is the answer for one dataset of a certificate.
type Checked struct {
	Dataset string    `json:"dataset"`
	Mode    string    `json:"mode"`
	Made    time.Time `json:"made"`
	Clean   bool      `json:"clean"` // it was, when the certificate was made
	Commit  int64     `json:"commit"`
	Same    bool      `json:"same"` // the lake as of that commit has the same records still
	Was     int64     `json:"was"`  // records then
	Is      int64     `json:"is"`   // and now

	Unreadable bool     `json:"unreadable,omitempty"` // retention has dropped history without which it cannot be read again
	Changed    []string `json:"changed"`              // what is not as it was, in words
}

// certifying returns the key that the folder's certificates are signed with.
func (n *Node) certifying() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(n.folder.Key("certificate"))
}

func (n *Node) certify(ctx context.Context, a VerifyArgs, tell Tell) (Certified, error) {
	if a.Archive {
		return Certified{}, fault.New(fault.Invalid, "a certificate says what store and lake agree about, and the archive is neither: compare it without --certify")
	}
	reports, err := n.verify(ctx, a, tell)
	if err != nil {
		return Certified{}, err
	}
	about, err := n.context(ctx, reports)
	if err != nil {
		return Certified{}, err
	}
	text, err := verify.Certify(reports, about, n.opts.Version, time.Now(), n.certifying())
	return Certified{reports, string(text)}, err
}

// checkCertificate checks the signature and reads what the certificate is of once more, as of its commits.
func (n *Node) checkCertificate(ctx context.Context, a CertificateArgs, tell Tell) ([]Checked, error) {
	c, err := verify.OpenCertificate([]byte(a.Certificate), n.certifying().Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	now, err := n.context(ctx, c.Reports)
	if err != nil {
		return nil, err
	}
	all := []Checked{}
	for _, r := range c.Reports {
		k, err := n.checkReport(ctx, r, c.Format)
		if err != nil {
			return nil, fmt.Errorf("read %s as of commit %d: %w", r.Dataset, r.Pin.Commit, err)
		}
		k.Made = c.Made
		k.Changed = append(k.Changed, n.moved(r.Dataset, c.Context, now)...)
		all = append(all, k)
		tell(Step{What: "datasets read again", Done: int64(len(all)), Total: int64(len(c.Reports))})
	}
	return all, nil
}

// again returns the sum of what a report is of, as the lake has it now.
func (n *Node) again(ctx context.Context, r verify.Report, format int) (sum verify.Sum, err error) {
	hash, err := verify.Hasher(format)
	if err != nil {
		return sum, err
	}
	d, ok := n.registry.Dataset(r.Dataset)
	if !ok {
		return sum, n.noDataset(r.Dataset)
	}
	h, err := (lakeView{n}).hold(ctx, d)
	if err != nil {
		return sum, err
	}
	if h.About().Commit < r.Pin.Commit {
		return sum, fault.New(fault.NotFound, "the history of %s ends with commit %d", d.Name, h.About().Commit)
	}
	if format < 4 { // changes were compared without age bands
		h.changed = verify.Comparable(d)
	}
	if r.Mode == "changes" {
		h.upTo = fmt.Sprintf(" AND _commit <= %d", r.Pin.Commit)
		err := changesAgain(ctx, h, r, hash, &sum)
		return sum, err
	}
	then := fmt.Sprintf("(SELECT * FROM %s WHERE _commit <= %d)", plan.Ident(d.ChangesTable()), r.Pin.Commit)
	h.state = "(SELECT * FROM " + plan.Latest(d, then) + " WHERE NOT " + goneSQL + ")"
	var bands []schemas.Field
	if format > 4 {
		bands = verify.AgeBands(d)
	}
	err = h.answered(ctx, "SELECT * FROM "+h.state, r.Region, r.Lake, bands, func(one stateRow) error {
		digest := verify.Digest{Key: hash(one.key), Row: hash(one.row)}
		if bands != nil {
			digest = digest.WithBands(one.bands)
		}
		sum.Add(digest)
		return nil
	})
	return sum, err
}

func changesAgain(ctx context.Context, h *held, r verify.Report, hash func([]byte) uint64, sum *verify.Sum) error {
	for _, s := range r.Shards {
		first, err := lake.ParseSeq(s.First)
		if err != nil {
			return err
		}
		last, err := lake.ParseSeq(s.Last)
		if err != nil {
			return err
		}
		span := verify.Span{Shard: s.Shard, First: first, Last: last, From: r.From, To: r.To, Region: r.Region}
		err = h.Changes(ctx, span, func(seq lake.Seq, text, _ string) { sum.Add(verify.DigestWith(hash, s.Shard, seq, text)) })
		if err != nil {
			return err
		}
	}
	return nil
}
