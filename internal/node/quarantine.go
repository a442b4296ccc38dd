package node

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/schemas"
)

// QuarantineArgs asks for records that could not be decoded.
type QuarantineArgs struct {
	Dataset string    `json:"dataset,omitempty"`
	Reason  string    `json:"reason,omitempty"` // part of the reason
	From    time.Time `json:"from,omitzero"`    // of the changes' own times
	To      time.Time `json:"to,omitzero"`
	Limit   int       `json:"limit,omitempty"` // 0: 100
	ID      string    `json:"id,omitempty"`    // one record: <shard>:<sequence number>
	Why     string    `json:"why,omitempty"`   // discard: for the receipt
}

// Bad is one record that could not be decoded.
type Bad struct {
	ID      string    `json:"id"` // <shard>:<sequence number>
	At      time.Time `json:"at"`
	Stream  string    `json:"stream"`
	Dataset string    `json:"dataset,omitempty"`
	Reason  string    `json:"reason"`
	Field   string    `json:"field,omitempty"`
	Line    int64     `json:"line,omitempty"`
	Bytes   int64     `json:"bytes"`
	Payload string    `json:"payload,omitempty"` // whole, when one record is shown
}

const badColumns = "_shard, _seq, _at, stream, dataset, reason, field, line, octet_length(payload)"

func (n *Node) quarantineList(ctx context.Context, a QuarantineArgs, _ Tell) ([]Bad, error) {
	if err := n.checkQuarantine(a); err != nil {
		return nil, err
	}
	limit := a.Limit
	if limit <= 0 {
		limit = 100
	}
	return n.bad(ctx, badColumns, a.where()+" ORDER BY _at DESC, _shard, _seq LIMIT "+strconv.Itoa(limit))
}

// where is the condition of the filters.
func (a QuarantineArgs) where() string {
	where := []string{"1 = 1"}
	if !a.From.IsZero() {
		where = append(where, "epoch_us(_at) >= "+strconv.FormatInt(a.From.UnixMicro(), 10))
	}
	if !a.To.IsZero() {
		where = append(where, "epoch_us(_at) < "+strconv.FormatInt(a.To.UnixMicro(), 10))
	}
	if i := strings.LastIndex(a.ID, ":"); i >= 0 {
		where = append(where, "_shard = "+quote(a.ID[:i])+" AND ltrim(_seq, '0') = "+quote(strings.TrimLeft(a.ID[i+1:], "0")))
	}
	if a.Dataset != "" {
		where = append(where, "dataset = "+quote(a.Dataset))
	}
	if a.Reason != "" {
		where = append(where, "strpos(lower(reason), "+quote(strings.ToLower(a.Reason))+") > 0")
	}
	return strings.Join(where, " AND ")
}

func (n *Node) quarantineShow(ctx context.Context, a QuarantineArgs, _ Tell) (Bad, error) {
	if a.ID == "" {
		return Bad{}, fault.New(fault.Invalid, "name a record by its id, as `tarn quarantine list` prints it")
	}
	if err := n.checkQuarantine(a); err != nil {
		return Bad{}, err
	}
	i := strings.LastIndex(a.ID, ":")
	found, err := n.bad(ctx, badColumns+", decode(payload)", "_shard = "+quote(a.ID[:i])+" AND ltrim(_seq, '0') = "+quote(strings.TrimLeft(a.ID[i+1:], "0")))
	if err != nil {
		return Bad{}, err
	}
	if len(found) == 0 {
		return Bad{}, fault.New(fault.NotFound, "no quarantined record %s: `tarn quarantine list` names those that are there", a.ID)
	}
	return found[0], nil
}

func (n *Node) bad(ctx context.Context, columns, where string) ([]Bad, error) {
	r, err := n.query.Whole(ctx, "SELECT "+columns+" FROM "+schemas.QuarantineTable+" WHERE "+where, schemas.QuarantineTable)
	if err != nil {
		return nil, err
	}
	all := make([]Bad, r.Rows)
	for row := range all {
		text := func(i int) string {
			if i >= len(r.Columns) || r.Columns[i].IsNull(row) {
				return ""
			}
			return r.Columns[i].Format(row, time.UTC)
		}
		all[row] = Bad{
			ID: text(0) + ":" + strings.TrimLeft(text(1), "0"), At: instant(&r.Columns[2], row), Stream: text(3), Dataset: text(4), Reason: text(5),
			Field: text(6), Line: integer(&r.Columns[7], row), Bytes: integer(&r.Columns[8], row), Payload: text(9),
		}
	}
	return all, nil
}

func instant(c *query.Column, row int) time.Time {
	if c.IsNull(row) || row >= len(c.Ints) {
		return time.Time{}
	}
	return time.UnixMicro(c.Ints[row]).UTC()
}

func integer(c *query.Column, row int) int64 {
	if c.IsNull(row) || row >= len(c.Ints) {
		return 0
	}
	return c.Ints[row]
}
