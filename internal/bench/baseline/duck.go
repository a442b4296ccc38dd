package baseline

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // the driver
)

// Duck is DuckDB's SQL over files of records, one a line: over whole events it takes seven times as long.
type Duck struct {
	db *sql.DB
}

// NewDuck opens an engine in memory. memory is such as "1GB".
func NewDuck(ctx context.Context, threads int, memory, temp string) (*Duck, error) {
	db, err := sql.Open("duckdb", fmt.Sprintf("?threads=%d&memory_limit=%s", threads, memory))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	d := &Duck{db}
	setup := []string{
		"SET temp_directory = " + quoted(temp), "SET TimeZone = 'UTC'", "SET preserve_insertion_order = false",
		"CREATE TABLE districts (id INTEGER PRIMARY KEY, division VARCHAR)",
	}
	for _, q := range setup {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", q, err), db.Close())
		}
	}
	return d, d.districts(ctx)
}

func (d *Duck) districts(ctx context.Context) error {
	regions, err := NewRegions()
	if err != nil {
		return err
	}
	for code, name := range regions {
		if _, err := d.db.ExecContext(ctx, "INSERT INTO districts VALUES (?, ?)", code, name); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the engine.
func (d *Duck) Close() error { return d.db.Close() }

// Exec runs a statement.
func (d *Duck) Exec(ctx context.Context, query string) error {
	if _, err := d.db.ExecContext(ctx, query); err != nil {
		return fmt.Errorf("ask DuckDB: %w", err)
	}
	return nil
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// attribute types, in the image's order: S text, N number, B boolean, T time, D decimal, L list, M map.
const attributes = "id:S applicantId:S applicantName:S type:S reason:S status:S district:N thana:N fromLocation:S toLocation:S startAt:T endAt:T createdAt:T " +
	"updatedAt:T decidedAt:T decidedBy:S includeVehicle:B vehicleNo:S fee:D companions:L contacts:M gender:S version:N"

// Lines returns an event's records, each on a line of its own.
func Lines(event []byte) ([]byte, error) {
	var e struct{ Records []json.RawMessage }
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	var lines []byte
	for _, r := range e.Records {
		lines = append(append(lines, r...), '\n')
	}
	return lines, nil
}

// Parquet reads the records of a file and writes their rows to another, with snappy.
func (d *Duck) Parquet(ctx context.Context, records, out, lane string) error {
	return d.Exec(ctx, "COPY ("+Query(records, lane)+") TO "+quoted(out)+" (FORMAT parquet, COMPRESSION snappy)")
}

// Query is the statement that makes rows of a file of records.
func Query(records, lane string) string {
	var shape, columns, changed []string
	for _, a := range strings.Fields(attributes) {
		name, kind, _ := strings.Cut(a, ":")
		tag, typ, read := "S", "VARCHAR", "now.%s.S"
		switch kind {
		case "N":
			tag, read = "N", "CAST(now.%s.N AS INTEGER)"
		case "D":
			tag, read = "N", "CAST(now.%s.N AS DECIMAL(10,2))"
		case "T":
			read = "CAST(now.%s.S AS TIMESTAMPTZ)"
		case "B":
			tag, typ, read = "BOOL", "BOOLEAN", "now.%s.BOOL"
		case "L":
			tag, typ, read = "L", "STRUCT(S VARCHAR)[]", "list_transform(now.%s.L, lambda x: x.S)"
		case "M":
			tag, typ, read = "M", "MAP(VARCHAR, STRUCT(S VARCHAR))", "map_from_entries(list_transform(map_entries(now.%s.M), lambda e: {'k': e.key, 'v': e.value.S}))"
		}
		shape = append(shape, fmt.Sprintf("%s STRUCT(%s %s)", name, tag, typ))
		if name == "version" {
			read = "CAST(now.%s.N AS BIGINT)"
		}
		columns = append(columns, fmt.Sprintf("CASE WHEN NOT leaves THEN "+read+" END AS %[1]s", name))
		changed = append(changed, fmt.Sprintf("CASE WHEN now.%[1]s IS DISTINCT FROM was.%[1]s THEN '%[1]s' END", name))
	}
	columns[0] = "id"
	image := "STRUCT(" + strings.Join(shape, ", ") + ")"
	return `WITH parts AS (SELECT eventName AS name, dynamodb.Keys.id.S AS id, dynamodb.ApproximateCreationDateTime AS made, dynamodb.SequenceNumber AS seq,
	dynamodb.NewImage AS now, dynamodb.OldImage AS was FROM read_json(` + quoted(records) + `, format = 'newline_delimited', columns = {eventName: 'VARCHAR',
	dynamodb: 'STRUCT(ApproximateCreationDateTime BIGINT, Keys STRUCT(id STRUCT(S VARCHAR)), NewImage ` + image + `, OldImage ` + image + `, SequenceNumber VARCHAR)'})),
placed AS (SELECT parts.*, coalesce(n.division, 'unknown') AS isIn, coalesce(o.division, 'unknown') AS wasIn FROM parts
	LEFT JOIN districts n ON n.id = CAST(now.district.N AS INTEGER) LEFT JOIN districts o ON o.id = CAST(was.district.N AS INTEGER)),
spread AS (SELECT *, unnest(CASE WHEN name = 'MODIFY' AND isIn <> wasIn THEN [true, false] ELSE [false] END) AS leaves FROM placed)
SELECT CASE WHEN leaves THEN 'leave' ELSE lower(name) END AS _op, ` + quoted(lane) + ` AS _shard, lpad(seq, 40, '0') AS _seq, to_timestamp(made) AS _at,
	CAST(make_timestamp(made * 1000000) AS DATE) AS dt, CASE WHEN leaves OR name = 'REMOVE' THEN wasIn ELSE isIn END AS region,
	` + strings.Join(columns, ",\n\t") + `,
	CASE WHEN NOT leaves THEN was.status.S END AS old_status, CASE WHEN NOT leaves THEN CAST(was.district.N AS INTEGER) END AS old_district,
	CASE WHEN NOT leaves THEN CAST(was.fee.N AS DECIMAL(10,2)) END AS old_fee, CASE WHEN NOT leaves THEN CAST(was.createdAt.S AS TIMESTAMPTZ) END AS old_createdAt,
	CASE WHEN name = 'MODIFY' AND NOT leaves THEN list_sort(list_filter([` + strings.Join(changed, ", ") + `], lambda x: x IS NOT NULL)) END AS _changed,
	CAST(NULL AS VARCHAR) AS _extra
FROM spread`
}
