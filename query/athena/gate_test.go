package athena_test

import (
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/athena"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query/athena"
	"github.com/tarn-lake/tarn/query/enginetest"
)

var relations = []string{"orders", "orders_changes", "visits", "visits_changes", "quarantine", "ledger", "lookup_cities"}

func gate(t *testing.T) *athena.Engine {
	t.Helper()
	e, err := athena.New(sdk.New(sdk.Options{}), athena.Options{Database: "tarn", WorkGroup: "adhoc"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheGateKnowsEveryRelation(t *testing.T) {
	t.Parallel()
	e := gate(t)
	for text, want := range map[string]string{
		"SELECT 1": "", "select id from Orders ;": "orders", `SELECT * FROM "ORDERS" o WHERE o.id = 'it''s'`: "orders",
		"SELECT * FROM orders, visits v, lookup_cities":                                                                         "lookup_cities orders visits",
		"SELECT * FROM orders o LEFT JOIN visits v ON (o.id = v.page) WHERE id IN (1, 2)":                                       "orders visits",
		"SELECT * FROM (orders o CROSS JOIN (SELECT 1 AS n) x)":                                                                 "orders",
		"SELECT (SELECT count(*) FROM visits), extract(day FROM placedAt) FROM orders":                                          "orders visits",
		"SELECT id IS DISTINCT FROM kind, id is not distinct from kind FROM orders":                                             "orders",
		"WITH a AS (SELECT * FROM orders), b (x) AS (SELECT id FROM a) SELECT * FROM b, a":                                      "orders",
		"WITH orders AS (SELECT * FROM orders WHERE id = 'o1') SELECT * FROM orders":                                            "orders",
		"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT sum(n) FROM r":                      "",
		"SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(n, s)":                                                                  "",
		"SELECT x, n FROM orders CROSS JOIN UNNEST(tags) WITH ORDINALITY AS t(x, n)":                                            "orders",
		"SELECT x FROM orders, UNNEST(_changed) u(x), LATERAL (SELECT page FROM visits) w":                                      "orders visits",
		"SELECT sum(n) FILTER (WHERE n > 1) OVER (PARTITION BY n ORDER BY n) FROM (SELECT 1 n)":                                 "",
		"SELECT cast(amount AS decimal(10, 2)), date '2026-11-20', 1.5e3 FROM orders":                                           "orders",
		"SELECT kind, count(*) FROM orders GROUP BY GROUPING SETS ((kind), ()) HAVING count(*) > 1 ORDER BY 1 OFFSET 1 LIMIT 5": "orders",
		"SELECT transform(tags, x -> upper(x)) FROM orders /* FROM secrets */ -- FROM secrets":                                  "orders",
		"SELECT id FROM orders UNION ALL SELECT page FROM visits EXCEPT SELECT _seq FROM orders_changes":                        "orders orders_changes visits",
		"SELECT * FROM (WITH a AS (SELECT 1 AS x) SELECT * FROM a) t":                                                           "",
	} {
		used, err := e.Gate(t.Context(), text, relations)
		if got := strings.Join(used, " "); err != nil || got != want {
			t.Errorf("%s\ngot  %q, %v\nwant %q", text, got, err, want)
		}
	}
}

// What no engine answers, and ways around a gate that reads brackets.
func TestTheGateRefuses(t *testing.T) {
	t.Parallel()
	e := gate(t)
	around := []string{
		"SELECT * FROM tarn.orders_changes", `SELECT * FROM "tarn"."orders_changes"`, "SELECT * FROM awsdatacatalog.tarn.orders", "SELECT * FROM orders, tarn.visits",
		"SELECT * FROM orders JOIN secrets ON 1 = 1", "SELECT * FROM orders o, secrets", "SELECT * FROM (secrets)", "SELECT * FROM ((secrets))", "SELECT * FROM (orders JOIN secrets USING (id))",
		"SELECT * FROM LATERAL (SELECT * FROM secrets) x", "SELECT * FROM orders WHERE id IN (SELECT id FROM secrets)", "SELECT (SELECT count(*) FROM secrets)",
		"SELECT * FROM (WITH secrets AS (SELECT 1 x) SELECT 1) a, secrets", "WITH a AS (SELECT * FROM b), b AS (SELECT 1 x) SELECT * FROM a",
		"WITH a AS (SELECT * FROM a) SELECT * FROM a", "SELECT extract(day FROM x), y FROM secrets", "SELECT substring(a FROM (SELECT b FROM secrets)) FROM orders",
		"SELECT 1 IS DISTINCT FROM 2 FROM secrets", `SELECT "is" DISTINCT FROM secrets`, "TABLE secrets", "SELECT * FROM TABLE(f(1))", "SELECT * FROM (TABLE secrets)", "SELECT * FROM f(1)",
		"SELECT * FROM orders AS o JOIN f(1) ON 1 = 1", "SELECT * FROM orders AS lambda_call(x), secrets", "SELECT * FROM orders FOR VERSION AS OF 1", `SELECT * FROM "orders$snapshots"`,
		"SELECT system.f(1)", `SELECT "f"(1)`, "SELECT f (1)", "SELECT current_user", `SELECT * FROM "LAKE:orders_changes"`, "SELECT * FROM `orders`", "SELECT U&'x'", "SELECT $$x$$", "SELECT a@b",
		"SELECT 'x", `SELECT "x`, "SELECT 1 /* x", "SELECT (1", "SELECT 1)", "SELECT * FROM", "SELECT * FROM orders,", "SELECT * FROM 'orders'", "SELECT * FROM 1", "WITH", "WITH a", "WITH a AS", "WITH a AS (SELECT 1)",
		"WITH a AS (SELECT 1) INSERT INTO x SELECT 1", "WITH a AS (SELECT 1) DELETE FROM x", "WITH (SELECT 1) SELECT 1", "WITH a (SELECT 1) SELECT 1", "(SELECT 1)", "SELECT 1; DROP TABLE x", "UNLOAD (SELECT 1) TO 's3://x'",
		"USING EXTERNAL FUNCTION f(x INT) RETURNS INT LAMBDA 'f' SELECT f(1)", "SELECT 1a", "SELECT 1 \x00", "SELECT \xff", strings.Repeat("(", 10), "SELECT " + strings.Repeat("1,", 60_000) + "1",
		"SELECT * FROM orders MATCH_RECOGNIZE (PATTERN (a) DEFINE a AS true)", "SELECT * FROM orders UNION TABLE secrets", "VALUES (1)",
	}
	for _, text := range slices.Concat(around, enginetest.Refused()) {
		used, err := e.Gate(t.Context(), text, relations)
		if err == nil && !onlyKnownToEngine[text] {
			t.Errorf("%.100s\nis let through, reading %v", text, used)
		}
		if k := fault.Of(err); err != nil && k != fault.Invalid && k != fault.Denied && k != fault.Exceeded {
			t.Errorf("%.100s: %v: %v", text, k, err)
		}
	}
}

// onlyKnownToEngine are questions that name no wrong table or function, but a wrong column or no column at all: the
// engine itself refuses them.
var onlyKnownToEngine = map[string]bool{"SELECT": true, "SELECT nothing FROM orders": true}

// Whatever the gate lets through reads relations alone, however it is written.
func FuzzGate(f *testing.F) {
	for _, s := range []string{"SELECT 1", "SELECT * FROM orders o JOIN lookup_cities USING (id)", "WITH a AS (SELECT 1) SELECT * FROM a", "SELECT f(1)", "SELECT * FROM (orders, b)", "'", "(((", "SELECT extract(day FROM x) FROM y", "SELECT * FROM a.b"} {
		f.Add(s)
	}
	e, err := athena.New(sdk.New(sdk.Options{}), athena.Options{Database: "tarn", WorkGroup: "adhoc"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		used, err := e.Gate(t.Context(), text, []string{"orders", "lookup_cities"})
		if err != nil {
			if k := fault.Of(err); k != fault.Invalid && k != fault.Denied && k != fault.Exceeded {
				t.Errorf("%q: %v: %v", text, k, err)
			}
			return
		}
		for _, u := range used {
			if u != "orders" && u != "lookup_cities" {
				t.Errorf("%q reads %s", text, u)
			}
		}
	})
}
