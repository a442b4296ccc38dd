WITH "visits_changes" AS NOT MATERIALIZED (SELECT *, _shard || ':' || _seq AS "_change_id" FROM "lake:visits_changes" WHERE _op <> 'leave' AND region IN (?, ?)),
"_answer" AS (SELECT cast(cast("at" at time zone 'Europe/Berlin' as timestamp(6)) as date) AS "time", count(*) AS "visits" FROM "visits_changes" GROUP BY 1)
SELECT r."time", r."visits"
FROM "_answer" r
ORDER BY r."time" NULLS LAST, r."visits" DESC NULLS LAST LIMIT 10001
-- arguments: [north south]
-- reads: visits_changes; dt from open to open
