package launchday

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // the driver

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/tables"
)

// duckReader reads with DuckDB, which is given the files of the snapshots and nothing else.
type duckReader struct{ memory, temp string }

func (duckReader) name() string { return "DuckDB" }

func (d duckReader) history(ctx context.Context, p pinned) (map[synthetic.Cell]synthetic.Sum, error) {
	out := map[synthetic.Cell]synthetic.Sum{}
	err := d.each(ctx, `SELECT strftime(dt, '%Y-%m-%d'), region, _op, coalesce(status, ''), count(*), coalesce(cast(sum(fee) * 100 AS BIGINT), 0)
		FROM `+files(p.files)+` GROUP BY ALL`, func(rows *sql.Rows) error {
		var c synthetic.Cell
		var s synthetic.Sum
		err := rows.Scan(&c.Dt, &c.Region, &c.Op, &c.Status, &s.Rows, &s.Fee)
		out[c] = s
		return err
	})
	return out, err
}

// current is the base and the changes above it, the latest of each key.
func (d duckReader) current(ctx context.Context, p pinned) (map[synthetic.Place]synthetic.Sum, error) {
	const columns = "id, _op, _seq, region, status, fee, createdAt"
	above := "SELECT " + columns + " FROM " + files(p.delta) + fmt.Sprintf(" WHERE _commit > %d AND _op <> 'leave'", p.base.Through) +
		" QUALIFY row_number() OVER (PARTITION BY id ORDER BY _seq DESC) = 1"
	switch {
	case len(p.baseFiles) == 0:
		return d.places(ctx, above)
	case len(p.delta) == 0:
		return d.places(ctx, "SELECT "+columns+" FROM "+files(p.baseFiles))
	}
	return d.places(ctx, "WITH above AS MATERIALIZED ("+above+") SELECT * FROM above UNION ALL SELECT "+columns+" FROM "+files(p.baseFiles)+
		" WHERE id NOT IN (SELECT id FROM above)")
}

func (d duckReader) places(ctx context.Context, latest string) (map[synthetic.Place]synthetic.Sum, error) {
	out := map[synthetic.Place]synthetic.Sum{}
	err := d.each(ctx, `SELECT strftime(timezone('UTC', createdAt) + INTERVAL 6 HOUR, '%Y-%m-%d') AS d, region, status, count(*), cast(sum(fee) * 100 AS BIGINT)
		FROM (`+latest+`) WHERE _op NOT IN ('remove', 'expire') GROUP BY ALL`, func(rows *sql.Rows) error {
		var p synthetic.Place
		var s synthetic.Sum
		err := rows.Scan(&p.Day, &p.Region, &p.Status, &s.Rows, &s.Fee)
		out[p] = s
		return err
	})
	return out, err
}

// rollup is the daily table's rows that are split by status; its figures are signed and add up.
func (d duckReader) rollup(ctx context.Context, p pinned) (map[synthetic.Place]synthetic.Sum, error) {
	out := map[synthetic.Place]synthetic.Sum{}
	err := d.each(ctx, `SELECT strftime(_day, '%Y-%m-%d'), region, status, cast(sum(_rows) AS BIGINT) AS n, coalesce(cast(sum(`+p.fees+`) * 100 AS BIGINT), 0) AS f
		FROM `+files(p.daily)+` WHERE _metric = 'applications' AND _by = 'status' GROUP BY ALL HAVING n <> 0 OR f <> 0`, func(rows *sql.Rows) error {
		var p synthetic.Place
		var s synthetic.Sum
		err := rows.Scan(&p.Day, &p.Region, &p.Status, &s.Rows, &s.Fee)
		out[p] = s
		return err
	})
	return out, err
}

func (d duckReader) each(ctx context.Context, query string, take func(*sql.Rows) error) (err error) {
	db, err := sql.Open("duckdb", "?memory_limit="+d.memory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "SET temp_directory = '"+strings.ReplaceAll(d.temp, "'", "''")+"/duckdb'"); err != nil {
		return err
	}
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// files is a table function over exactly these files; what their folders are called says nothing.
func files(list []tables.File) string {
	paths := make([]string, len(list))
	for i, f := range list {
		paths[i] = "'" + strings.ReplaceAll(f.Path, "'", "''") + "'"
	}
	return "read_parquet([" + strings.Join(paths, ", ") + "], hive_partitioning = false)"
}
