package enginetest

import (
	"embed"
	"io/fs"
	"testing"

	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/schemas"
)

//go:embed shop
var shopFiles embed.FS

// ShopRegistry returns the suite's own datasets.
func ShopRegistry(tb testing.TB) *schemas.Registry {
	tb.Helper()
	files, err := fs.Sub(shopFiles, "shop")
	if err != nil {
		tb.Fatal(err)
	}
	reg, err := schemas.Load(files)
	if err != nil {
		tb.Fatal(err)
	}
	return reg
}

// history is what happened to nine orders. The row marked leave belongs to the change above it.
const history = `CREATE TABLE h AS SELECT op AS _op, 'L/s1' AS _shard, lpad(seq, 40, '0') AS _seq, c AS _commit, CAST(made AS TIMESTAMPTZ) AS _at,
  CAST(CAST(made AS TIMESTAMPTZ) AS DATE) AS dt, region, id, city, amount, weight, kind, CAST(placed AS TIMESTAMPTZ) AS "placedAt",
  CAST(paid AS TIMESTAMPTZ) AS "paidAt", CAST(f AS TIMESTAMPTZ) AS "fromAt", CAST(u AS TIMESTAMPTZ) AS "untilAt",
  CASE WHEN id = 'o1' THEN DATE '1969-12-31' END AS born, CASE WHEN id = 'o1' THEN true WHEN id = 'o2' THEN false END AS gift,
  CASE WHEN id = 'o1' THEN ['x', 'y"z'] WHEN id = 'o2' THEN [] END AS tags, CASE WHEN id = 'o1' THEN MAP {'k': 7} END AS props,
  CASE WHEN id = 'o1' THEN {'state': 'RP', 'zips': [5400, 5401]} END AS address, CASE WHEN id = 'o1' THEN '\x00\xFF'::BLOB END AS photo,
  CASE WHEN op = 'modify' THEN ['amount', 'city'] END AS _changed, CASE WHEN seq = '14' THEN 1.00 END AS old_amount,
  CASE WHEN c = 6 THEN 'late' END AS note
FROM (VALUES
 (1, 'insert', '1',  '2026-11-17 10:00:00+00', 'north',   'o1', 1, 10.00,       5,    'A', '2026-11-17 10:00:00+00', NULL,                     '2026-11-17 12:00:00+00', '2026-11-17 15:00:00+00'),
 (1, 'insert', '2',  '2026-11-17 17:59:59+00', 'south',   'o2', 2, 20.50,       7,    'B', '2026-11-17 17:59:59.999999+00', NULL,              '2026-11-17 12:30:00+00', '2026-11-17 13:00:00+00'),
 (1, 'insert', '3',  '2026-11-17 18:00:00+00', 'south',   'o3', 2, 0.10,        NULL, 'A', '2026-11-17 18:00:00+00', '2026-11-17 18:01:00+00', '2026-11-17 13:00:00+00', '2026-11-17 14:00:00+00'),
 (1, 'insert', '4',  '2026-11-17 12:00:00+00', 'south',   'o8', 2, 3.00,        1,    'A', '2026-11-17 12:00:00+00', NULL,                     NULL, NULL),
 (2, 'modify', '5',  '2026-11-17 10:10:00+00', 'north',   'o1', 1, 10.00,       5,    'A', '2026-11-17 10:00:00+00', '2026-11-17 10:10:00+00', '2026-11-17 12:00:00+00', '2026-11-17 15:00:00+00'),
 (2, 'insert', '6',  '2026-11-18 01:00:00+00', 'north',   'o4', 1, 4.00,        1,    'A', '2026-11-18 01:00:00+00', NULL,                     '2026-11-17 12:00:00+00', '2026-11-17 15:00:00+00'),
 (2, 'insert', '7',  '2026-11-18 05:00:00+00', 'north',   'o5', 1, 99999999.99, 2,    'A', '2026-11-18 05:00:00+00', NULL,                     '2026-11-18 12:00:00+00', '2026-11-18 13:00:00+00'),
 (2, 'insert', '8',  '2026-11-18 06:00:00+00', 'unknown', 'o6', 9, NULL,        NULL, NULL, '2026-11-18 06:00:00+00', NULL,                    NULL, NULL),
 (3, 'remove', '9',  '2026-11-18 07:00:00+00', 'north',   'o4', NULL, NULL,     NULL, NULL, NULL, NULL, NULL, NULL),
 (4, 'modify', '10', '2026-11-18 08:00:00+00', 'south',   'o5', 2, 99999999.99, 2,    'A', '2026-11-18 05:00:00+00', NULL,                     '2026-11-18 12:00:00+00', '2026-11-18 13:00:00+00'),
 (4, 'leave',  '10', '2026-11-18 08:00:00+00', 'north',   'o5', NULL, NULL,     NULL, NULL, NULL, NULL, NULL, NULL),
 (5, 'insert', '11', '2026-11-20 00:00:00+00', 'north',   'o7', 1, -5.25,       3,    'B', '2026-11-20 00:00:00+00', NULL,                     NULL, NULL),
 (5, 'expire', '12', '2026-11-20 00:30:00+00', 'south',   'o8', NULL, NULL,     NULL, NULL, NULL, NULL, NULL, NULL),
 (5, 'insert', '13', '2026-11-20 01:30:00+00', 'north',   'o9', 1, 1.00,        10,   'A', '2026-11-20 01:30:00+00', NULL,                     NULL, NULL),
 (6, 'modify', '14', '2026-11-20 01:40:00+00', 'north',   'o9', 1, 2.00,        10,   'A', '2026-11-20 01:30:00+00', '2026-11-20 01:40:00+00', NULL, NULL)
) AS t(c, op, seq, made, region, id, city, amount, weight, kind, placed, paid, f, u)`

// visits fall around the night in which Berlin's clocks go back, and into the next month.
const visits = `CREATE TABLE v AS SELECT 'snapshot' AS _op, 'load/x' AS _shard, lpad(n::varchar, 40, '0') AS _seq, 1 AS _commit,
  TIMESTAMPTZ '2027-01-01 00:00:00+00' AS _at, CAST(date_trunc('month', CAST(t AS TIMESTAMPTZ)) AS DATE) AS dt, 'north' AS region, CAST(t AS TIMESTAMPTZ) AS "at", page
FROM (VALUES (1, '2026-10-24 22:30:00+00', 'a'), (2, '2026-10-25 00:30:00+00', 'a'), (3, '2026-10-25 01:30:00+00', 'b'),
  (4, '2026-10-25 22:59:59+00', 'a'), (5, '2026-10-25 23:00:00+00', 'b'), (6, '2026-11-30 23:30:00+00', 'a')) AS t(n, t, page)`

var orderColumns = []string{"_op", "_shard", "_seq", "_commit", "_at", "dt", "region", "id", "city", "amount", "weight", "kind", "placedAt", "paidAt",
	"fromAt", "untilAt", "born", "gift", "tags", "props", "address", "photo", "_changed", "old_amount"}

var visitColumns = []string{"_op", "_shard", "_seq", "_commit", "_at", "dt", "region", "at", "page"}

// Shop is the lake of the suite. Its answers are the same whether there is a base or not.
func Shop(tb testing.TB, w *Writer, reg *schemas.Registry, base bool) *Lake {
	tb.Helper()
	w.Exec("DROP TABLE IF EXISTS h")
	w.Exec("DROP TABLE IF EXISTS v")
	w.Exec(history)
	w.Exec(visits)
	l := NewLake(reg)
	orders, _ := reg.Dataset("orders")
	parts := []struct {
		day, region string
		from, to    int64
	}{
		{"2026-11-17", "north", 1, 2}, {"2026-11-17", "south", 1, 1}, {"2026-11-18", "north", 2, 3}, {"2026-11-18", "unknown", 2, 2},
		{"2026-11-18", "south", 4, 4}, {"2026-11-18", "north", 4, 4}, {"2026-11-20", "north", 5, 5}, {"2026-11-20", "south", 5, 5}, {"2026-11-20", "north", 6, 6},
	}
	var files []query.File
	for _, p := range parts {
		have := orderColumns
		if p.from == 6 { // note was added to the schema then: older files lack it
			have = append(append([]string{}, have...), "note")
		}
		rows := "SELECT * FROM h WHERE dt = '" + p.day + "' AND region = '" + p.region + "' AND _commit BETWEEN " + text(p.from) + " AND " + text(p.to)
		files = append(files, w.Part(orders.ChangeColumns(), have, rows, p.day, p.region, p.to))
	}
	l.Set("orders_changes", files...)
	if base {
		rows := "SELECT * FROM h WHERE _commit <= 3 QUALIFY row_number() OVER (PARTITION BY id ORDER BY _seq DESC) = 1"
		l.SetBase("orders", 3, w.File(orders.StateColumns(), orderColumns, rows))
	}
	facts, _ := reg.Dataset("visits")
	l.Set("visits_changes",
		w.Part(facts.ChangeColumns(), visitColumns, "SELECT * FROM v WHERE dt = '2026-10-01'", "2026-10-01", "north", 1),
		w.Part(facts.ChangeColumns(), visitColumns, "SELECT * FROM v WHERE dt = '2026-11-01'", "2026-11-01", "north", 1))
	bad := "SELECT 'insert' AS _op, 'L/s1' AS _shard, lpad('99', 40, '0') AS _seq, 1 AS _commit, TIMESTAMPTZ '2026-11-18 00:00:00+00' AS _at, " +
		"DATE '2026-11-18' AS dt, 'unknown' AS region, 'orders' AS stream, ds AS dataset, 'not a number' AS reason, 'amount' AS field, '{}'::BLOB AS payload " +
		"FROM (VALUES ('orders'), (NULL), ('other')) AS t(ds)"
	l.Set("quarantine", w.Part(schemas.QuarantineColumns(), []string{"_op", "_shard", "_seq", "_commit", "_at", "dt", "region", "stream", "dataset", "reason", "field", "payload"},
		bad+" WHERE ds IS DISTINCT FROM 'other'", "2026-11-18", "unknown", 1))
	return l
}
