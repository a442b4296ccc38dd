package node

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// LedgerArgs asks for the story of commits.
type LedgerArgs struct {
	Dataset string    `json:"dataset,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Limit   int       `json:"limit,omitempty"` // 0: 1,000
}

// LedgerRow is one row of the ledger: a lane that a commit moved, a hole, or a commit of another engine.
type LedgerRow struct {
	Kind        string    `json:"kind"`
	At          time.Time `json:"at"`
	Dataset     string    `json:"dataset,omitempty"`
	Table       string    `json:"table,omitempty"`
	Commit      int64     `json:"commit,omitempty"`
	Snapshot    int64     `json:"snapshot,omitempty,string"`
	Lane        string    `json:"lane,omitempty"`
	First       string    `json:"first,omitempty"`
	Last        string    `json:"last,omitempty"`
	Records     int64     `json:"records"`
	Rows        int64     `json:"rows"`
	Quarantined int64     `json:"quarantined"`
	Expired     int64     `json:"expired"`
	Retries     int64     `json:"retries"`
	CompleteTo  time.Time `json:"completeTo,omitzero"`
	Code        string    `json:"code,omitempty"`
	Schema      string    `json:"schema,omitempty"`
	Hole        string    `json:"hole,omitempty"`
	Detail      string    `json:"detail,omitempty"`
}

var ledgerColumns = []string{"kind", schemas.ColAt, "dataset", "table", "commit", "snapshot", schemas.ColLane, "first", "last",
	"records", "rows", "quarantined", "expired", "retries", "complete_to", "code", "schema", "hole", "detail"}

// told returns the tables whose commits the ledger tells of.
func (n *Node) told() []*tables.Table {
	all := []*tables.Table{n.quarantine, n.beats}
	for _, h := range n.histories {
		all = append(all, h.Changes)
	}
	return all
}

// tellLedger copies into the ledger what it does not have yet.
func (n *Node) tellLedger(ctx context.Context) error {
	n.telling.Lock()
	defer n.telling.Unlock()
	return n.book.Copy(ctx, n.told()...)
}

// openHoles returns the holes that are open.
func (n *Node) openHoles(ctx context.Context) ([]lake.Hole, error) {
	return n.book.Holes(ctx, n.told()...)
}

func (n *Node) ledger(ctx context.Context, a LedgerArgs, _ Tell) ([]LedgerRow, error) {
	if a.Dataset != "" {
		if _, ok := n.registry.Dataset(a.Dataset); !ok {
			return nil, n.noDataset(a.Dataset)
		}
	}
	if err := n.tellLedger(ctx); err != nil {
		return nil, err
	}
	names := make([]string, len(ledgerColumns))
	for i, name := range ledgerColumns {
		names[i] = plan.Ident(name)
	}
	text := "SELECT " + strings.Join(names, ", ") + " FROM " + plan.Ident(schemas.LedgerTable) + " WHERE 1 = 1"
	if a.Dataset != "" {
		text += " AND dataset = " + quote(a.Dataset)
	}
	if !a.Since.IsZero() {
		text += " AND _at >= cast(" + quote(a.Since.UTC().Format("2006-01-02 15:04:05.000000+00:00")) + " as timestamp with time zone)"
	}
	limit := a.Limit
	if limit <= 0 {
		limit = 1000
	}
	text += ` ORDER BY _at DESC, "table", "commit" DESC, lane LIMIT ` + strconv.Itoa(limit)
	r, err := n.query.Whole(ctx, text, schemas.LedgerTable)
	if err != nil {
		return nil, err
	}
	rows := make([]LedgerRow, r.Rows)
	for i := range rows {
		rows[i] = ledgerRow(r, i)
	}
	return rows, nil
}

func ledgerRow(r *query.Result, i int) LedgerRow {
	text := func(c int) string {
		if r.Columns[c].IsNull(i) {
			return ""
		}
		return r.Columns[c].Format(i, time.UTC)
	}
	count := func(c int) int64 { return integer(&r.Columns[c], i) }
	return LedgerRow{Kind: text(0), At: instant(&r.Columns[1], i), Dataset: text(2), Table: text(3), Commit: count(4), Snapshot: count(5), Lane: text(6),
		First: text(7), Last: text(8), Records: count(9), Rows: count(10), Quarantined: count(11), Expired: count(12), Retries: count(13),
		CompleteTo: instant(&r.Columns[14], i), Code: text(15), Schema: text(16), Hole: text(17), Detail: text(18)}
}

func (n *Node) holes(ctx context.Context, _ struct{}, _ Tell) ([]lake.Hole, error) {
	open, err := n.openHoles(ctx)
	if open == nil {
		open = []lake.Hole{}
	}
	return open, err
}

// CloseArgs says what filled a hole.
type CloseArgs struct {
	ID      string `json:"id"`
	Receipt string `json:"receipt"`
}

func (n *Node) closeHole(ctx context.Context, a CloseArgs, _ Tell) (lake.Hole, error) {
	return n.CloseHole(ctx, a.ID, a.Receipt)
}

// CloseHole notes in the ledger that a hole is filled, by the repair or backfill that the receipt names. NotFound where
// no such hole is open.
func (n *Node) CloseHole(ctx context.Context, id, receipt string) (lake.Hole, error) {
	return n.book.Close(ctx, id, receipt, n.told()...)
}
