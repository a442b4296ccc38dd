package enginetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/schemas"
)

// PassesRegistry returns the datasets that Tarn comes with.
func PassesRegistry(tb testing.TB) *schemas.Registry {
	tb.Helper()
	reg, err := schemas.Load(schemas.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	return reg
}

// places are police station areas with their district and division, and two that do not fit together.
const places = `CREATE TABLE places AS SELECT row_number() OVER () - 1 AS place, * FROM (VALUES
  (1001, 10001, 'khulna'), (1001, 10002, 'khulna'), (1002, 10001, 'chattogram'), (1014, 10110, 'dhaka'), (1014, 10111, 'dhaka'), (1030, 99999, 'rangpur'), (9999, 10002, 'unknown')
) AS t(district, thana, region)`

// people register over two days; some have counters that do not tell what is in the lake.
const people = `CREATE TABLE a AS SELECT 'insert' AS _op, 'L/a' AS _shard, lpad((n + 1)::varchar, 40, '0') AS _seq, 1 + n // 120 AS _commit, made AS _at, made::date AS dt, region,
  'p' || n AS id, district, thana, ['18-24', '25-34', '65+'][1 + n % 3] AS "dateOfBirth", CASE WHEN n % 4 = 0 THEN NULL WHEN n % 2 = 0 THEN 'F' ELSE 'M' END AS gender,
  ['NID', 'DL'][1 + n % 2] AS "idType", CASE WHEN n % 5 = 0 THEN '' WHEN n % 7 > 0 THEN 'https://photo/' || n END AS photo, made AS "createdAt",
  n % 6 AS "appliedCount", n % 3 AS "approvedCount", n % 4 AS "rejectedCount", 1 AS version
FROM (SELECT n, TIMESTAMPTZ '2026-11-17 15:00:00+00' + n * INTERVAL '701 seconds' AS made FROM range(240) r(n)) JOIN places ON place = n % 7`

// applications of these people, of which three in four are decided and some are withdrawn.
const applications = `CREATE TABLE applied AS SELECT n, lpad(to_hex(n), 32, '0') AS id, place, district, thana, region, TIMESTAMPTZ '2026-11-17 16:30:00.5+00' + n * INTERVAL '133 seconds' + (n % 11) * INTERVAL '1 millisecond' AS made,
  'p' || (n * 7 % 240) AS "applicantId", ['R', 'O'][1 + n % 2] AS type, ['Grocery shopping', 'Hospital visit', 'Bank', 'an ''aunt''', 'Ünder'][1 + n % 5] AS reason,
  n % 3 = 0 AS "includeVehicle", CASE WHEN n % 3 = 0 AND n % 4 > 0 THEN 'v' || (n % 20) END AS "vehicleNo", (n % 9) * INTERVAL '37 minutes' AS lead, (1 + n % 14) * INTERVAL '53 minutes' AS long
FROM range(900) r(n) JOIN places ON place = n * 5 % 7;
CREATE TABLE p AS
SELECT 'insert' AS _op, 'L/p' AS _shard, lpad((n * 10 + 1)::varchar, 40, '0') AS _seq, 1 + n // 300 AS _commit, made AS _at, made::date AS dt, region, id, 'to' AS "toLocation", district, thana,
  made + lead AS "startAt", made + lead + long AS "endAt", type, reason, "includeVehicle", "vehicleNo", "applicantId", 'APPLIED' AS status, made AS "createdAt", NULL::TIMESTAMPTZ AS "decidedAt", 1 AS version, NULL AS old_status FROM applied
UNION ALL SELECT 'modify', 'L/p', lpad((n * 10 + 2)::varchar, 40, '0'), 4 + n // 300, made + took, (made + took)::date, region, id, 'to', district, thana, made + lead, made + lead + long, type, reason, "includeVehicle", "vehicleNo",
  "applicantId", CASE WHEN n % 5 = 0 THEN 'REJECTED' ELSE 'APPROVED' END, made, made + took, 2, 'APPLIED' FROM (SELECT *, (60 + n * 97 % 4001) * INTERVAL '1 second' AS took FROM applied WHERE n % 4 > 0)
UNION ALL SELECT CASE WHEN n % 2 = 0 THEN 'remove' ELSE 'expire' END, 'L/p', lpad((n * 10 + 3)::varchar, 40, '0'), 7, made + INTERVAL '9 hours', (made + INTERVAL '9 hours')::date, region, id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, CASE WHEN n % 4 > 0 THEN 'APPROVED' ELSE 'APPLIED' END FROM applied WHERE n % 37 = 0`

var (
	changeColumns = []string{"_op", "_shard", "_seq", "_commit", "_at", "dt", "region", "id", "district", "thana", "createdAt", "version"}
	personColumns = append([]string{"dateOfBirth", "gender", "idType", "photo", "appliedCount", "approvedCount", "rejectedCount"}, changeColumns...)
	passColumns   = append([]string{"toLocation", "startAt", "endAt", "type", "reason", "includeVehicle", "vehicleNo", "applicantId", "status", "decidedAt", "old_status"}, changeColumns...)
)

// Passes is a lake of the datasets that Tarn comes with: 240 applicants, 900 applications, seven commits, a base as of the
// third.
func Passes(tb testing.TB, w *Writer, reg *schemas.Registry) *Lake {
	tb.Helper()
	for _, text := range append([]string{places, people}, strings.Split(applications, ";\n")...) {
		w.Exec(text)
	}
	l := NewLake(reg)
	for _, of := range []struct {
		dataset, rows string
		have          []string
		through       int64
	}{{"applicants", "a", personColumns, 1}, {"passes", "p", passColumns, 3}} {
		d, ok := reg.Dataset(of.dataset)
		if !ok {
			tb.Fatalf("there is no dataset %s", of.dataset)
		}
		var files []query.File
		for day := 17; day <= 20; day++ {
			for _, region := range []string{"khulna", "chattogram", "dhaka", "rangpur", "unknown"} {
				date := fmt.Sprintf("2026-11-%d", day)
				files = append(files, w.Part(d.ChangeColumns(), of.have, fmt.Sprintf("SELECT * FROM %s WHERE dt = '%s' AND region = '%s'", of.rows, date, region), date, region, 7))
			}
		}
		l.Set(d.ChangesTable(), files...)
		l.SetBase(d.Name, of.through, w.File(d.StateColumns(), of.have,
			fmt.Sprintf("SELECT * FROM %s WHERE _commit <= %d QUALIFY row_number() OVER (PARTITION BY id ORDER BY _seq DESC) = 1", of.rows, of.through)))
	}
	return l
}
