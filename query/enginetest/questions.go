package enginetest

import (
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// metricCase is a metric query and its answer, counted by hand from the history in shop.go.
type metricCase struct {
	name    string
	regions []string // nil: all
	q       plan.Query
	want    string
	before  string // of the period before; empty: not compared
}

func on(metric string, measures ...string) plan.Query {
	return plan.Query{Metric: metric, Measures: measures}
}

func (m metricCase) by(dims ...string) metricCase { m.q.Dimensions = dims; return m }
func (m metricCase) in(from, to string) metricCase {
	m.q.Range = plan.Range{From: from, To: to}
	return m
}
func (m metricCase) grain(g string) metricCase         { m.q.Grain = g; return m }
func (m metricCase) seen(regions ...string) metricCase { m.regions = regions; return m }
func (m metricCase) limit(n int) metricCase            { m.q.Limit = n; return m }
func (m metricCase) order(by string, desc bool) metricCase {
	m.q.Order = append(m.q.Order, plan.Order{By: by, Desc: desc})
	return m
}
func (m metricCase) only(dim string, values ...string) metricCase {
	m.q.Filters = append(m.q.Filters, schemas.Filter{Dimension: dim, Values: values})
	return m
}
func (m metricCase) not(dim string, values ...string) metricCase {
	m.q.Filters = append(m.q.Filters, schemas.Filter{Dimension: dim, Values: values, Not: true})
	return m
}
func (m metricCase) compared(before string) metricCase {
	m.q.Compare, m.before = "previous", before
	return m
}

func q(name string, query plan.Query, want string) metricCase {
	return metricCase{name: name, q: query, want: want}
}

var metricCases = []metricCase{
	q("count of current state", on("orders", "count"), `[[7]]`),
	q("north sees its own and no ghost", on("orders", "count"), `[[3]]`).seen("north"),
	q("south sees what moved in", on("orders", "count"), `[[3]]`).seen("south"),
	q("two regions", on("orders", "count"), `[[6]]`).seen("north", "south"),
	q("a viewer without regions sees nothing", on("orders", "count"), `[[0]]`).seen([]string{}...),
	q("a region that is nowhere", on("orders", "count"), `[[0]]`).seen("' OR 1=1 --"),
	q("decimal sums are exact", on("orders", "revenue"), `[[100000027.34]]`),
	q("sum of a part", on("orders", "paid_revenue"), `[[12.10]]`),
	q("integer sum", on("orders", "weight"), `[[27]]`),
	q("least, most", on("orders", "least", "most"), `[[-5.25,99999999.99]]`),
	q("mean", on("orders", "mean"), `[[9.083333333333334]]`).not("city", "9").only("city", "1", "2").not("kind", "none").only("heavy", "heavy", "light").in("2026-11-17", "2026-11-18").seen("north", "south").replace(`[[15.25]]`),
	q("distinct", on("orders", "cities"), `[[3]]`),
	q("ratio", on("orders", "paid_share"), `[[0.5]]`).seen("north", "south"),
	q("ratio of a part", on("orders", "heavy_share"), `[[0.3333333333333333]]`).seen("north", "south"),
	q("ratio over nothing is null", on("orders", "per_none"), `[[null]]`),
	q("exact median", on("orders", "pay_time"), `[[600]]`),
	q("a column that older files lack", on("orders", "noted"), `[[1]]`),
	q("by look-up, with labels", on("orders", "count"), `[["north","North",3],["south","South",3],["unknown","Unknown",1]]`).by("area"),
	q("a code outside the list has no label", on("orders", "count"), `[[1,"Rangpur",3],[2,"Cox's Bazar",3],[9,null,1]]`).by("city"),
	q("null is a group", on("orders", "count"), `[["A",4],["B",2],[null,1]]`).by("kind"),
	q("bool dimension", on("orders", "count"), `[[null,5],[false,1],[true,1]]`).by("gift"),
	q("expression dimension", on("orders", "count"), `[["light",5],["heavy",2]]`).by("heavy"),
	q("local hour of day", on("orders", "count"), `[[0,1],[6,1],[7,1],[11,1],[12,1],[16,1],[23,1]]`).by("hour").order("hour", false),
	q("filter by integer", on("orders", "count"), `[[3]]`).only("city", "2"),
	q("filter by text", on("orders", "count"), `[[2]]`).only("kind", "B"),
	q("filter with a quote", on("orders", "count"), `[[0]]`).only("kind", "B' OR '1'='1"),
	q("filter for none", on("orders", "count"), `[[1]]`).only("kind", ""),
	q("filter away keeps nulls", on("orders", "count"), `[[3]]`).not("kind", "A"),
	q("filter away nulls too", on("orders", "count"), `[[2]]`).not("kind", "A", ""),
	q("filter without values keeps nothing", on("orders", "count"), `[[0]]`).only("kind"),
	q("filter by hour", on("orders", "count"), `[[1]]`).only("hour", "23"),
	q("two filters", on("orders", "count"), `[[2]]`).only("kind", "A").only("area", "north"),
	q("local day begins at six in the evening", on("orders", "count"), `[[2]]`).in("2026-11-17", "2026-11-18"),
	q("half-open range", on("orders", "count"), `[[1]]`).in("2026-11-17T18:00:00Z", "2026-11-18T05:00:00Z"),
	q("open beginning", on("orders", "count"), `[[2]]`).in("", "2026-11-18"),
	q("open end", on("orders", "count"), `[[2]]`).in("2026-11-19", ""),
	q("days are filled up to now", on("orders", "count", "mean"),
		`[["2026-11-17",2,15.25],["2026-11-18",3,50000000.045],["2026-11-19",0,null],["2026-11-20",2,-1.625]]`).in("2026-11-17", "2026-11-25").grain("day"),
	q("days of several series", on("orders", "count"),
		`[["2026-11-19","A",0],["2026-11-19","B",0],["2026-11-20","A",1],["2026-11-20","B",1]]`).in("2026-11-19", "2026-11-21").grain("day").by("kind"),
	q("the limit counts series", on("orders", "count"),
		`[["2026-11-17","A",1],["2026-11-18","A",2]]`).in("2026-11-17", "2026-11-19").grain("day").by("kind").limit(1),
	q("hours on the local clock", on("orders", "count"),
		`[["2026-11-20T06:00:00+06:00",1],["2026-11-20T07:00:00+06:00",1]]`).in("2026-11-20T06:00", "2026-11-20T09:00").grain("hour"),
	q("weeks begin on Monday", on("orders", "count"), `[["2026-11-16",7]]`).in("2026-11-16", "2026-11-23").grain("week"),
	q("months", on("orders", "count"), `[["2026-10-01",0],["2026-11-01",7]]`).in("2026-10-01", "2026-12-01").grain("month"),
	q("minutes in the order of a measure", on("orders", "count"), `[["2026-11-20T06:00:00+06:00",1]]`).in("2026-11-20", "2026-11-21").grain("minute").order("count", true).limit(1),
	q("no bounds, no filling", on("orders", "count"), `[["2026-11-17",2],["2026-11-18",3],["2026-11-20",2]]`).grain("day"),
	q("first rows by measure", on("orders", "count"), `[["A",4]]`).by("kind").limit(1),
	q("compare whole days", on("orders", "count"), `[[3]]`).in("2026-11-18", "2026-11-19").compared(`[[2]]`),
	q("compare the part of a day that has passed", on("orders", "count"), `[[2]]`).in("2026-11-20", "2026-11-21").compared(`[[0]]`),
	q("compare five days, unfinished", on("orders", "count"), `[[5]]`).in("2026-11-18", "2026-11-23").compared(`[[0]]`),
	q("history without leaves", on("order_changes", "changes", "orders"), `[[14,9]]`),
	q("history in a region", on("order_changes", "changes"), `[[8]]`).seen("north"),
	q("history by what happened", on("order_changes", "changes"), `[["insert",9],["modify",3],["expire",1],["remove",1]]`).by("op"),
	q("history with old values", on("order_changes", "raised"), `[[1.00]]`),
	q("history of a day", on("order_changes", "changes"), `[[4]]`).in("2026-11-20", "2026-11-21"),
	q("history by day and place", on("order_changes", "changes"), `[["2026-11-20","north",3],["2026-11-20","south",1]]`).in("2026-11-20", "2026-11-21").grain("day").by("area"),
	q("open at each hour", on("open_orders", "open", "open_small"),
		`[["2026-11-17T18:00:00+06:00",1,1],["2026-11-17T19:00:00+06:00",2,2],["2026-11-17T20:00:00+06:00",1,1],["2026-11-17T21:00:00+06:00",0,0]]`).in("2026-11-17T12:00:00Z", "2026-11-17T16:00:00Z").grain("hour"),
	q("open at the end of a past range", on("open_orders", "open"), `[[2]]`).in("2026-11-17T12:00:00Z", "2026-11-17T13:00:00Z").replace(`[[2]]`),
	q("open now", on("open_orders", "open"), `[[0]]`).in("2026-11-20", "2026-11-21"),
	q("open by region", on("open_orders", "open"), `[["2026-11-17T19:00:00+06:00","north",1],["2026-11-17T19:00:00+06:00","south",1]]`).in("2026-11-17T13:00:00Z", "2026-11-17T14:00:00Z").grain("hour").by("area"),
	q("a view with a look-up", on("by_city", "count", "revenue"), `[["Cox's Bazar",3,100000020.59],["Rangpur",3,6.75],[null,1,0.00]]`).by("name"),
	q("a view that knows the range", on("by_city", "count"), `[["2026-11-17",2]]`).by("day").in("2026-11-17", "2026-11-18"),
	q("a view in a region", on("by_city", "count"), `[["Rangpur",3]]`).by("name").seen("north"),
	q("busiest minute", on("minutes", "peak", "n"), `[[1,7]]`),
	q("minutes as rows", on("minutes", "n"), `[["2026-11-20T01:30:00.000Z",1]]`).by("minute").order("minute", true).limit(1),
	q("a metric without time", on("kinds", "count"), `[["A",4],["B",2],[null,1]]`).by("kind"),
	q("the day with twenty-five hours", on("visits", "visits"), `[["2026-10-25",4],["2026-10-26",1]]`).in("2026-10-25", "2026-10-27").grain("day"),
	q("the hour that comes twice", on("visits", "visits"), `[["2026-10-25T01:00:00+02:00",0],["2026-10-25T02:00:00+02:00",2],["2026-10-25T03:00:00+01:00",0]]`).in("2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z").grain("hour"),
	q("facts by month of event", on("visits", "visits"), `[["2026-10-01",5],["2026-11-01",0]]`).in("2026-10-01", "2026-12-01").grain("month"),
	q("facts at a month's end", on("visits", "visits"), `[[1]]`).in("2026-12-01", "2026-12-02"),
	q("facts as current rows", on("visit_rows", "visits"), `[[6]]`),
	q("facts by page", on("visits", "visits"), `[["a",4],["b",2]]`).by("page"),
}

func (m metricCase) replace(want string) metricCase { m.want = want; return m }

type sqlCase struct {
	name    string
	dialect string // whose words it uses; empty: everybody's
	regions []string
	sql     string
	limit   int
	want    string
}

var sqlCases = []sqlCase{
	{name: "current state", sql: "SELECT id, amount, city FROM orders ORDER BY id", want: `[["o1",10.00,1],["o2",20.50,2],["o3",0.10,2],["o5",99999999.99,2],["o6",null,9],["o7",-5.25,1],["o9",2.00,1]]`},
	{name: "region below everything", regions: []string{"north"}, sql: "SELECT id FROM orders ORDER BY id", want: `[["o1"],["o7"],["o9"]]`},
	{name: "a name of one's own hides a relation", regions: []string{"north"}, sql: "WITH orders AS (SELECT * FROM orders WHERE id = 'o1') SELECT count(*) FROM orders", want: `[[1]]`},
	{name: "a chain of names", regions: []string{"south"}, sql: "WITH a AS (SELECT * FROM orders), b AS (SELECT * FROM a) SELECT count(*) FROM b, a", want: `[[9]]`},
	{name: "a recursive name", dialect: "athena", sql: "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT sum(n) FROM r", want: `[[10]]`},
	{name: "a recursive name over a relation", dialect: "athena", sql: "/* (WITH */ WITH RECURSIVE r(n) AS (SELECT min(city) FROM orders UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT count(*), max(n) FROM r", want: `[[4,4]]`},
	{name: "the order of a chain of names stays", sql: "WITH a AS (SELECT id FROM orders WHERE kind <> ')LIMIT') SELECT id FROM a ORDER BY id DESC", want: `[["o9"],["o7"],["o5"],["o3"],["o2"],["o1"]]`},
	{name: "a limit of one's own", sql: "SELECT id FROM orders ORDER BY id OFFSET 1 LIMIT 1", dialect: "athena", want: `[["o2"]]`},
	{name: "a recursive name", dialect: "duckdb", sql: "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT sum(n) FROM r", want: `[[10]]`},
	{name: "names in any case", sql: "select COUNT(*) from Orders_Changes", want: `[[14]]`},
	{name: "identity of a change", sql: "SELECT _change_id FROM orders_changes WHERE _op = 'remove'", want: `[["L/s1:0000000000000000000000000000000000000009"]]`},
	{name: "every type", dialect: "duckdb", sql: "SELECT born, gift, tags, props, address, photo, placedAt, CAST(1 AS HUGEINT), 9007199254740993, 1e308 * 10, amount / 3, date_trunc('day', placedAt AT TIME ZONE 'Asia/Dhaka'), interval '1' day FROM orders WHERE id = 'o1'",
		want: `[["1969-12-31",true,["x","y\"z"],{"k":7},{"state":"RP","zips":[5400,5401]},"AP8=","2026-11-17T10:00:00.000Z",1,"9007199254740993",null,3.3333333333333335,"2026-11-17T00:00:00Z","P0M1DT0S"]]`},
	{name: "microseconds stay", sql: "SELECT placedAt FROM orders WHERE id = 'o2'", want: `[["2026-11-17T17:59:59.999999Z"]]`},
	{name: "an empty list is not null", dialect: "duckdb", sql: "SELECT tags, props FROM orders WHERE id = 'o2'", want: `[[[],null]]`},
	{name: "no rows", sql: "SELECT id FROM orders WHERE 1 = 0", want: `[]`},
	{name: "limit", sql: "SELECT id FROM orders ORDER BY id", limit: 2, want: `[["o1"],["o2"]]`},
	{name: "a comment at the end", sql: "SELECT 1 -- one", want: `[[1]]`},
	{name: "a semicolon at the end", sql: "SELECT 1;  ", want: `[[1]]`},
	{name: "look-ups", sql: "SELECT name, area FROM lookup_cities WHERE id = 2", want: `[["Cox's Bazar","south"]]`},
	{name: "quarantine of a region", regions: []string{"north"}, sql: "SELECT count(*) FROM quarantine", want: `[[0]]`},
	{name: "quarantine", sql: "SELECT reason, count(*) FROM quarantine GROUP BY 1", want: `[["not a number",2]]`},
	{name: "facts", sql: "SELECT count(*), min(\"at\") FROM visits", want: `[[6,"2026-10-24T22:30:00.000Z"]]`},
	{name: "windows, lists and lambdas", dialect: "duckdb", sql: "SELECT sum(n) OVER (ORDER BY n), list_transform([n], x -> x + 1) FROM (VALUES (1), (2)) t(n) ORDER BY 1", want: `[[1,[2]],[3,[3]]]`},
	{name: "set operations", sql: "SELECT id FROM orders WHERE id = 'o1' UNION SELECT id FROM orders WHERE id = 'o1'", want: `[["o1"]]`},
	{name: "subqueries", sql: "SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM visits)", want: `[[13]]`},
	{name: "as of a commit", sql: "SELECT count(*) FROM orders_changes WHERE _commit <= 3", want: `[[9]]`},
	{name: "changed names", dialect: "duckdb", sql: "SELECT unnest(_changed) FROM orders_changes WHERE _commit = 6", want: `[["amount"],["city"]]`},
	{name: "json", dialect: "duckdb", sql: `SELECT json_extract_string('{"a":{"S":"x"}}', '$.a.S')`, want: `[["x"]]`},
	{name: "every type", dialect: "athena", sql: "SELECT born, gift, tags, props, address, photo, placedAt, CAST(1 AS decimal(38, 0)), 9007199254740993, infinity(), CAST(amount AS double) / 3, date_trunc('day', placedAt AT TIME ZONE 'Asia/Dhaka'), CAST(placedAt AT TIME ZONE 'Asia/Dhaka' AS timestamp(6)) FROM orders WHERE id = 'o1'",
		want: `[["1969-12-31",true,"[x, y\"z]","{k=7}","{state=RP, zips=[5400, 5401]}","AP8=","2026-11-17T10:00:00.000Z",1,"9007199254740993",null,3.3333333333333335,"2026-11-16T18:00:00.000Z","2026-11-17T16:00:00Z"]]`},
	{name: "lists as JSON", dialect: "athena", sql: "SELECT json_format(CAST(tags AS json)), json_extract_scalar('{\"a\":{\"S\":\"x\"}}', '$.a.S') FROM orders WHERE id IN ('o1', 'o2') ORDER BY id", want: `[["[\"x\",\"y\\\"z\"]","x"],["[]","x"]]`},
	{name: "windows, lists and lambdas", dialect: "athena", sql: "SELECT sum(n) OVER (ORDER BY n), transform(array[n], x -> x + 1)[1] FROM (VALUES (1), (2)) AS t(n) ORDER BY 1", want: `[[1,2],[3,3]]`},
	{name: "changed names", dialect: "athena", sql: "SELECT c FROM orders_changes CROSS JOIN UNNEST(_changed) AS t(c) WHERE _commit = 6", want: `[["amount"],["city"]]`},
	{name: "months as a pivot", dialect: "duckdb", sql: "SELECT * FROM (PIVOT (SELECT kind, gift FROM orders WHERE kind IS NOT NULL) ON kind IN ('A', 'B') USING count(*)) ORDER BY 1 NULLS FIRST", want: `[[null,3,1],[false,0,1],[true,1,0]]`},
}

// refused must never be answered.
var refused = []string{
	"", ";", "SELECT", "SELECT 1; SELECT 2", "SELECT * FROM nowhere", "SELECT nothing FROM orders",
	"INSERT INTO orders VALUES (1)", "DELETE FROM orders", "UPDATE orders SET id = 'x'", "DROP TABLE orders", "CREATE TABLE x AS SELECT 1",
	"COPY (SELECT 1) TO 'x.csv'", "COPY orders TO '/tmp/x'", "ATTACH 'x.db'", "INSTALL httpfs", "LOAD httpfs", "SET memory_limit = '8GB'", "RESET memory_limit",
	"PRAGMA database_list", "PRAGMA version", "CALL pragma_version()", "EXPLAIN SELECT 1", "DESCRIBE orders", "SHOW TABLES", "SUMMARIZE orders", "VACUUM", "CHECKPOINT",
	"EXPORT DATABASE 'x'", "USE memory", "BEGIN", "PREPARE p AS SELECT 1", "EXECUTE p",
	"SELECT * FROM read_parquet('/etc/passwd')", "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_csv_auto('/etc/passwd')",
	"SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_blob('*')", "SELECT * FROM glob('*')", "SELECT * FROM '/etc/passwd'", "FROM 'x.parquet'",
	"SELECT * FROM parquet_metadata('x')", "SELECT * FROM parquet_scan('x')", "SELECT * FROM sniff_csv('x')", "SELECT * FROM read_json('x')",
	"SELECT getenv('HOME')", "SELECT current_setting('memory_limit')", "SELECT getvariable('x')", "SELECT * FROM duckdb_settings()", "SELECT * FROM duckdb_views()",
	"SELECT * FROM duckdb_secrets()", "SELECT * FROM pragma_table_info('orders')", "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('orders')",
	"SELECT * FROM information_schema.tables", "SELECT * FROM sqlite_master", "SELECT * FROM pg_catalog.pg_tables", "SELECT * FROM duckdb_tables",
	"SELECT * FROM temp.orders", "SELECT * FROM main.orders", "SELECT * FROM memory.main.orders", `SELECT * FROM "lake:orders_changes"`, `SELECT * FROM temp."lake:orders_changes"`,
	`WITH "lake:orders_changes" AS (SELECT * FROM "lake:orders_changes") SELECT * FROM "lake:orders_changes"`,
	`WITH RECURSIVE "lake:orders_changes" AS (SELECT * FROM "lake:orders_changes") SELECT * FROM "lake:orders_changes"`,
	"WITH x AS (SELECT 1), y AS (SELECT * FROM z), z AS (SELECT 1) SELECT * FROM y", "SELECT (SELECT count(*) FROM secrets)",
	"SELECT * FROM orders WHERE id IN (SELECT content FROM read_text('/etc/passwd'))", "SELECT * FROM orders, LATERAL (SELECT getenv(id))",
	"SELECT * FROM orders_base", "SELECT * FROM orders_delta", "SELECT nextval('s')", "SELECT currval('s')", "SELECT txid_current()",
	"SELECT write_log('x')", "SELECT list_aggregate([1], 'getenv')", "SELECT system.getenv('HOME')", "SELECT main.getenv('HOME')", "SELECT sum(x) OVER (ORDER BY getenv('HOME')) FROM (SELECT 1 x)",
	"SELECT ?", "SELECT $1", "SELECT 1) AS x, (SELECT 2", "SELECT 1) UNION ALL SELECT * FROM \"lake:orders_changes\" --", "VALUES (getenv('x'))",
	"FROM orders SELECT getenv(id)", "SELECT * FROM orders ORDER BY getenv('x')", "SELECT count(*) FILTER (WHERE getenv('x') = 'y') FROM orders", "SELECT * REPLACE (getenv('x') AS id) FROM orders",
	"SELECT * FROM (PIVOT orders ON kind USING max(getenv('x')))", "SELECT id FROM orders GROUP BY ALL HAVING getenv('x') = ''", "SELECT id FROM orders LIMIT (SELECT length(getenv('x')))",
	"SELECT CASE WHEN getenv('x') = '' THEN 1 END", "SELECT list_transform([1], x -> getenv('x'))", "SELECT * FROM orders TABLESAMPLE 10% WHERE getenv('x') = ''",
	"SELECT * FROM generate_series(1, length(getenv('HOME')))", "SELECT * FROM unnest([getenv('x')])", "SELECT 1 + getenv('x')", "SELECT getenv('x')::INT", "SELECT {'a': getenv('x')}",
}
