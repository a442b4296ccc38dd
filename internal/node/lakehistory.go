package node

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

var _ verify.History = (*held)(nil)

// goneSQL is true for changes that leave no record.
var goneSQL = "_op IN (" + quote(string(record.Remove)) + ", " + quote(string(record.Expire)) + ")"

func spanSQL(s verify.Span) string {
	where := "_shard = " + quote(s.Shard) + " AND _seq >= " + quote(string(s.First)) + " AND _seq <= " + quote(string(s.Last))
	if !s.From.IsZero() {
		where += " AND epoch_us(_at) >= " + strconv.FormatInt(s.From.UnixMicro(), 10)
	}
	return where + " AND epoch_us(_at) < " + strconv.FormatInt(s.To.UnixMicro(), 10)
}

// changeSQL is the text of a change, as verify makes it of a record of the feed.
func changeSQL(d *schemas.Dataset, fields []schemas.Field) string {
	return "concat(_op, chr(31), epoch_us(_at)::VARCHAR, chr(31), " + keySQL(d) + ", chr(31), CASE WHEN " + goneSQL + " THEN '' ELSE " + rowSQL(fields) + " END)"
}

// Changes asks for the changes of a span.
func (h *held) Changes(ctx context.Context, s verify.Span, each func(seq lake.Seq, text, key string)) error {
	where := spanSQL(s) + h.upTo
	if s.Region != "" {
		where += " AND region = " + quote(s.Region) + " AND NOT " + goneSQL
	}
	r, err := h.asked.Whole(ctx, "SELECT _seq, "+changeSQL(h.d, h.changed)+", "+keySQL(h.d)+" FROM "+plan.Ident(h.d.ChangesTable())+" WHERE "+where+" ORDER BY _seq")
	if err != nil {
		return err
	}
	for row := range r.Rows {
		each(lake.Seq(r.Columns[0].Texts[row]), r.Columns[1].Texts[row], r.Columns[2].Texts[row])
	}
	return nil
}

// Parked asks for the numbers of those in quarantine, and of those that left it for good, with a receipt.
func (h *held) Parked(ctx context.Context, s verify.Span, each func(seq lake.Seq, discarded bool)) error {
	r, err := h.asked.Whole(ctx, "SELECT DISTINCT _seq FROM "+schemas.QuarantineTable+" WHERE _shard = "+quote(s.Shard)+
		" AND _seq >= "+quote(string(s.First))+" AND _seq <= "+quote(string(s.Last)))
	if err != nil {
		return err
	}
	for row := range r.Rows {
		each(lake.Seq(r.Columns[0].Texts[row]), false)
	}
	gone, err := h.n.discarded(ctx)
	if err != nil {
		return err
	}
	for _, d := range gone {
		i := strings.LastIndex(d.ID, ":")
		if seq, err := lake.ParseSeq(d.ID[i+1:]); err == nil && d.ID[:i] == s.Shard && seq >= s.First && seq <= s.Last {
			each(seq, true)
		}
	}
	return nil
}

// Change asks for one change.
func (h *held) Change(ctx context.Context, shard string, seq lake.Seq) (op, at string, values []verify.Value, err error) {
	fields := h.changed
	columns := "_op, epoch_us(_at)::VARCHAR"
	for i := range fields {
		columns += ", " + textSQL(&fields[i])
	}
	r, err := h.asked.Whole(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE _shard = %s AND _seq = %s LIMIT 1",
		columns, plan.Ident(h.d.ChangesTable()), quote(shard), quote(string(seq))))
	if err != nil {
		return "", "", nil, err
	}
	if r.Rows == 0 {
		return "", "", nil, fault.New(fault.NotFound, "the lake has no change %s:%s", shard, seq.Short())
	}
	for i := range fields {
		c := &r.Columns[2+i]
		v := verify.Value{}
		if !c.IsNull(0) {
			v = verify.Value{Text: c.Texts[0], Set: true}
		}
		values = append(values, v)
	}
	return r.Columns[0].Texts[0], r.Columns[1].Texts[0], values, nil
}
