WITH "orders_changes" AS (SELECT *, _shard || ':' || _seq AS "_change_id" FROM "lake"."orders_changes" WHERE _op <> 'leave' AND region IN (?, ?) AND dt >= cast(? as date) AND dt <= cast(? as date)),
"_answer" AS (SELECT cast(cast("_at" at time zone 'Asia/Dhaka' as timestamp(6)) as date) AS "time", "_op" AS "op", count(*) AS "changes", count(distinct "id") AS "orders", coalesce(sum(amount - old_amount), 0) AS "raised" FROM "orders_changes" WHERE "_at" >= cast('2026-11-13 18:00:00.000000+00:00' as timestamp(6) with time zone) AND "_at" < cast('2026-11-20 18:00:00.000000+00:00' as timestamp(6) with time zone) GROUP BY 1, 2),
"_grid" AS (SELECT * FROM (VALUES (date '2026-11-14'), (date '2026-11-15'), (date '2026-11-16'), (date '2026-11-17'), (date '2026-11-18'), (date '2026-11-19'), (date '2026-11-20')) AS g("time")),
"_series" AS (SELECT DISTINCT "op" FROM "_answer"),
"_filled" AS (SELECT g."time", s."op", coalesce(a."changes", 0) AS "changes", coalesce(a."orders", 0) AS "orders", coalesce(a."raised", 0) AS "raised" FROM "_grid" g CROSS JOIN "_series" s LEFT JOIN "_answer" a ON a."time" = g."time" AND a."op" IS NOT DISTINCT FROM s."op")
SELECT r."time", r."op", r."changes", r."orders", r."raised"
FROM "_filled" r
ORDER BY r."time" NULLS LAST, r."op" NULLS LAST, r."changes" DESC NULLS LAST LIMIT 10001
-- arguments: [north south 2026-11-12 2026-11-21]
-- reads: orders_changes; dt from 2026-11-12 to 2026-11-21
