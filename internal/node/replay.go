package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/load"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

// Replayed is what reading quarantined records again did.
type Replayed struct {
	Read     int      `json:"read"`
	Replayed int      `json:"replayed"` // in the lake now, and out of quarantine
	Still    int      `json:"still"`    // as bad as before
	Why      []string `json:"why,omitempty"`
}

// Receipt says which records left the quarantine for good, and why. It holds no contents.
type Receipt struct {
	Name    string      `json:"name"` // the object that it is kept as
	At      time.Time   `json:"at"`
	Why     string      `json:"why"`
	Records []Discarded `json:"records"`
}

// Discarded is one of them.
type Discarded struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Stream  string    `json:"stream"`
	Dataset string    `json:"dataset,omitempty"`
	Reason  string    `json:"reason"`
	SHA256  string    `json:"sha256"` // of the payload

	Marks verify.Marks `json:"marks"` // of the record that it changed
}

// replayAtOnce bounds the payloads in memory.
const replayAtOnce = 1_000

// quarantineReplay reads records again by the schema as it is now. Those that fit are landed in a repair under their own
// identities and, once they are committed, taken out of the quarantine; a replay that was interrupted changes nothing twice.
func (n *Node) quarantineReplay(ctx context.Context, a QuarantineArgs, tell Tell) (done Replayed, err error) {
	if err := n.checkQuarantine(a); err != nil {
		return done, err
	}
	if err := n.commit(ctx); err != nil {
		return done, err
	}
	id := time.Now().UTC().Format("20060102T150405.000000")
	for after := ""; ; {
		some, err := n.payloads(ctx, a, after)
		if err == nil && len(some) == 0 && done.Read == 0 && a.ID != "" {
			err = fault.New(fault.NotFound, "no quarantined record %s: `tarn quarantine list` names those that are there", a.ID)
		}
		if err != nil || len(some) == 0 {
			return done, err
		}
		after = some[len(some)-1].position()
		r := replay{n: n, id: fmt.Sprintf("%s-%d", id, done.Read), rows: map[string]*land.Rows{}, read: map[string]reading{}, done: &done}
		if err := r.run(ctx, some); err != nil {
			return done, err
		}
		tell(Step{What: "records read again", Done: int64(done.Read)})
	}
}

// quarantineDiscard takes records out for good. The receipt is durable before they go.
func (n *Node) quarantineDiscard(ctx context.Context, a QuarantineArgs, tell Tell) (Receipt, error) {
	r := Receipt{At: time.Now().UTC(), Why: a.Why, Records: []Discarded{}}
	if a.Why == "" {
		return r, fault.New(fault.Invalid, "say why the records are discarded: it stands in the receipt")
	}
	if err := n.checkQuarantine(a); err != nil {
		return r, err
	}
	var ids []compact.Identity
	var of lake.Discarded
	marks := n.newMarking()
	for after := ""; ; {
		some, err := n.payloads(ctx, a, after)
		if err != nil {
			return r, err
		}
		if len(some) == 0 {
			break
		}
		for _, p := range some {
			sum := sha256.Sum256(p.payload)
			r.Records = append(r.Records, Discarded{ID: p.ID, At: p.At, Stream: p.Stream, Dataset: p.Dataset, Reason: p.Reason, SHA256: hex.EncodeToString(sum[:]), Marks: marks.of(p)})
			ids, of = append(ids, compact.Identity{Shard: p.shard, Seq: p.seq}), of.With(p.Dataset, p.Stream)
		}
		after = some[len(some)-1].position()
		tell(Step{What: "records read", Done: int64(len(ids))})
	}
	if len(ids) == 0 {
		return r, fault.New(fault.NotFound, "nothing in quarantine is meant by that: `tarn quarantine list` names what is there")
	}
	r.Name = receiptsDir + r.At.Format("20060102T150405.000000000") + ".json"
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return r, fmt.Errorf("write the receipt: %w", err)
	}
	if err := n.files.Put(ctx, r.Name, text); err != nil {
		return r, fmt.Errorf("put the receipt: %w", err)
	}
	_, err = n.compactor.DiscardQuarantined(ctx, n.quarantine, ids, of)
	return r, err
}

const receiptsDir = "receipts/quarantine/"

// discarded returns what the receipts say.
func (n *Node) discarded(ctx context.Context) (all []Discarded, err error) {
	found, err := n.files.List(ctx, receiptsDir)
	if err != nil {
		return nil, fmt.Errorf("list the receipts: %w", err)
	}
	for _, f := range found {
		text, err := n.files.Get(ctx, f.Name())
		if err != nil {
			return nil, fmt.Errorf("read receipt %s: %w", f.Name(), err)
		}
		var r Receipt
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the receipt %s cannot be read", f.Name())
		}
		all = append(all, r.Records...)
	}
	return all, nil
}

// parked is a quarantined record with its payload.
type parked struct {
	Bad
	shard, seq string
	payload    []byte
}

// position is where the next records begin.
func (p parked) position() string { return p.shard + ":" + p.seq }

// payloads returns records that the filters leave, after a position, in the order of their identities.
func (n *Node) payloads(ctx context.Context, a QuarantineArgs, after string) ([]parked, error) {
	where := a.where()
	if after != "" {
		where += " AND _shard || ':' || _seq > " + quote(after)
	}
	r, err := n.query.Whole(ctx, fmt.Sprintf("SELECT %s, hex(payload), _seq FROM %s WHERE %s ORDER BY _shard || ':' || _seq LIMIT %d",
		badColumns, schemas.QuarantineTable, where, replayAtOnce), schemas.QuarantineTable)
	if err != nil {
		return nil, err
	}
	all := make([]parked, r.Rows)
	for row := range all {
		text := func(i int) string {
			if r.Columns[i].IsNull(row) {
				return ""
			}
			return r.Columns[i].Format(row, time.UTC)
		}
		p := &all[row]
		p.shard, p.seq = text(0), text(10)
		p.Bad = Bad{ID: text(0) + ":" + strings.TrimLeft(text(1), "0"), At: instant(&r.Columns[2], row), Stream: text(3), Dataset: text(4), Reason: text(5)}
		if p.payload, err = hex.DecodeString(text(9)); err != nil {
			return nil, fmt.Errorf("read the payload of %s: %w", p.ID, err)
		}
	}
	return all, nil
}

// replay is one round.
type replay struct {
	n    *Node
	id   string
	rows map[string]*land.Rows // by stream
	read map[string]reading    // by stream and lane: how rows of a file or a backfill are read
	done *Replayed
}

// reading sets the fields of a row from a payload that was set aside for a reason.
type reading func(payload []byte, reason string) error

func (r *replay) run(ctx context.Context, some []parked) error {
	var good []compact.Identity
	for i := range some {
		r.done.Read++
		if err := r.one(ctx, &some[i]); err != nil {
			r.done.Still++
			if len(r.done.Why) < 20 {
				r.done.Why = append(r.done.Why, some[i].ID+": "+err.Error())
			}
			continue
		}
		r.done.Replayed++
		good = append(good, compact.Identity{Shard: some[i].shard, Seq: some[i].seq})
	}
	for _, rows := range r.rows {
		if _, err := rows.Land(ctx, true); err != nil {
			return err
		}
	}
	if err := r.n.commit(ctx); err != nil {
		return err
	}
	_, err := r.n.compactor.DropQuarantined(ctx, r.n.quarantine, good)
	return err
}

// one adds the record to the repair of its stream, if it fits now.
func (r *replay) one(ctx context.Context, p *parked) error {
	rows, err := r.of(p)
	if err != nil {
		return err
	}
	if !lake.IsShard(p.shard) {
		read, err := r.reading(ctx, p, rows.Row())
		if err != nil {
			return err
		}
		if err := read(p.payload, p.Reason); err != nil {
			return err
		}
		return rows.Add(decode.Identity{Op: record.Snapshot, Lane: p.shard, Seq: lake.Seq(p.seq), At: p.At})
	}
	info, err := rows.Event(append(append([]byte(`{"Records":[`), p.payload...), "]}"...), p.shard)
	switch {
	case err != nil:
		return err
	case info.Bad > 0 || info.Records != 1:
		return fault.New(fault.Invalid, "%s", p.Reason)
	}
	return nil
}

// reading returns how a row of the record's lane is read: as its file was, or as DynamoDB writes items.
func (r *replay) reading(ctx context.Context, p *parked, row *decode.Row) (reading, error) {
	name := p.Stream + "/" + p.Dataset + "/" + p.shard
	if read := r.read[name]; read != nil {
		return read, nil
	}
	read := reading(func(payload []byte, _ string) error { return row.Line(payload) })
	d, ok := r.n.registry.Dataset(p.Dataset)
	text, err := r.n.files.Get(ctx, formKey(p.Dataset, p.shard))
	switch {
	case fault.Is(err, fault.NotFound), err == nil && !ok: // an export or a scan
	case err != nil:
		return nil, err
	default:
		form, err := load.ParseForm(text)
		if err != nil {
			return nil, err
		}
		if read, err = form.Again(row, d); err != nil {
			return nil, err
		}
	}
	r.read[name] = read
	return read, nil
}

func (r *replay) of(p *parked) (*land.Rows, error) {
	name := p.Stream
	if p.Dataset != "" {
		name += "/" + p.Dataset
	}
	if rows := r.rows[name]; rows != nil {
		return rows, nil
	}
	d, ok := r.n.registry.Dataset(p.Dataset)
	if !ok {
		all := r.n.registry.ByStream(p.Stream)
		if len(all) == 0 {
			return nil, fault.New(fault.NotFound, "no schema names the stream %s", p.Stream)
		}
		d = all[0]
	}
	rows, err := r.n.lander.Repair(d, fmt.Sprintf("%s-%d", r.id, len(r.rows)))
	if err == nil {
		r.rows[name] = rows
	}
	return rows, err
}
