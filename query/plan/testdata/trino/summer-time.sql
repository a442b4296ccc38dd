WITH "visits_changes" AS (SELECT *, _shard || ':' || _seq AS "_change_id" FROM "lake"."visits_changes" WHERE _op <> 'leave' AND region IN (?, ?) AND dt >= cast(? as date) AND dt <= cast(? as date)),
"_answer" AS (SELECT cast(cast("at" at time zone 'Europe/Berlin' as timestamp(6)) as date) AS "time", count(*) AS "visits" FROM "visits_changes" WHERE "at" >= cast('2026-10-23 22:00:00.000000+00:00' as timestamp(6) with time zone) AND "at" < cast('2026-10-26 23:00:00.000000+00:00' as timestamp(6) with time zone) GROUP BY 1),
"_grid" AS (SELECT * FROM (VALUES (date '2026-10-24'), (date '2026-10-25'), (date '2026-10-26')) AS g("time")),
"_filled" AS (SELECT g."time", coalesce(a."visits", 0) AS "visits" FROM "_grid" g LEFT JOIN "_answer" a ON a."time" = g."time")
SELECT r."time", r."visits"
FROM "_filled" r
ORDER BY r."time" NULLS LAST, r."visits" DESC NULLS LAST LIMIT 10001
-- arguments: [north south 2026-10-01 2026-10-27]
-- reads: visits_changes; dt from 2026-10-01 to 2026-10-27
