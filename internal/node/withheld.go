package node

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

var _ verify.Withholding = (*held)(nil)

// Withheld asks for what is in quarantine of the dataset, and of its stream where the dataset could not be told, and reads
// the receipts of what was discarded.
func (h *held) Withheld(ctx context.Context, each func(verify.Withheld) error) error {
	for after := ""; ; {
		some, err := h.parkedAfter(ctx, after)
		if err != nil {
			return err
		}
		for _, w := range some {
			if err := each(w); err != nil {
				return err
			}
			after = w.Shard + ":" + string(w.Seq)
		}
		if len(some) < replayAtOnce {
			break
		}
	}
	gone, err := h.n.discarded(ctx)
	if err != nil {
		return err
	}
	for _, d := range gone {
		i := strings.LastIndex(d.ID, ":")
		seq, err := lake.ParseSeq(d.ID[i+1:])
		if err != nil || i < 0 || d.Dataset != h.d.Name && (d.Dataset != "" || d.Stream != h.d.Stream) {
			continue
		}
		if err := each(verify.Withheld{Shard: d.ID[:i], Seq: seq, Marks: d.Marks}); err != nil {
			return err
		}
	}
	return nil
}

func (h *held) parkedAfter(ctx context.Context, after string) ([]verify.Withheld, error) {
	where := "(dataset = " + quote(h.d.Name) + " OR dataset IS NULL AND stream = " + quote(h.d.Stream) + ")"
	if after != "" {
		where += " AND _shard || ':' || _seq > " + quote(after)
	}
	r, err := h.asked.Whole(ctx, fmt.Sprintf("SELECT _shard, _seq, hex(payload) FROM %s WHERE %s ORDER BY _shard || ':' || _seq LIMIT %d",
		plan.Ident(schemas.QuarantineTable), where, replayAtOnce))
	if err != nil {
		return nil, err
	}
	all := make([]verify.Withheld, r.Rows)
	for row := range all {
		all[row] = verify.Withheld{Shard: r.Columns[0].Texts[row], Seq: lake.Seq(r.Columns[1].Texts[row])}
		if all[row].Payload, err = hex.DecodeString(r.Columns[2].Texts[row]); err != nil {
			return nil, fmt.Errorf("read the payload of %s: %w", all[row].Seq.Short(), err)
		}
	}
	return all, nil
}

// newMark returns the keyed hash of receipts. It is not safe for concurrent use.
func (n *Node) newMark() func([]byte) string {
	mac := hmac.New(sha256.New, n.folder.Key("receipt"))
	return func(text []byte) string {
		mac.Reset()
		mac.Write(text)
		return hex.EncodeToString(mac.Sum(nil)[:16])
	}
}

// marking makes the marks of changes of any dataset.
type marking struct {
	n  *Node
	by map[string]*verify.Marker
}

func (n *Node) newMarking() *marking { return &marking{n, map[string]*verify.Marker{}} }

// of returns the marks of a quarantined change; none where its record cannot be told.
func (m *marking) of(p parked) verify.Marks {
	d, ok := m.n.registry.Dataset(p.Dataset)
	if !ok {
		all := m.n.registry.ByStream(p.Stream)
		if len(all) == 0 {
			return verify.Marks{}
		}
		d = all[0]
	}
	if d.Key.IsZero() {
		return verify.Marks{}
	}
	if m.by[d.Name] == nil {
		m.by[d.Name] = verify.NewMarker(d, m.n.newMask(), m.n.newMark())
	}
	marks, _, _ := m.by[d.Name].Of(p.shard, p.payload) // what cannot be told has none
	return marks
}
