-- name: span
-- What agents did and what was up in a period, by the slots of ten seconds that lie wholly in it: one that still goes on
-- says nothing yet. Before the first heartbeat there was nothing that could be up.
WITH spans AS (
    SELECT activity, greatest(at, %(from)s) AS since,
           least(coalesce(lead(at) OVER (PARTITION BY agent_id ORDER BY at), %(to)s), %(to)s) AS until
    FROM agent_activity WHERE at < %(to)s AND at > %(from)s::timestamptz - interval '30 days'
), slots AS (
    SELECT slot, count(*) FILTER (WHERE role = ANY(%(roles)s::text[])) = cardinality(%(roles)s::text[]) AS up,
           bool_or(role = 'platform') AS answered, bool_or(role = 'platform_asked') AS asked
    FROM heartbeats WHERE slot >= %(from)s AND slot <= %(to)s::timestamptz - interval '10 seconds' GROUP BY slot
)
SELECT (SELECT coalesce(sum(extract(epoch FROM until - since)) FILTER (WHERE activity = 'busy'), 0)::float8
        FROM spans WHERE until > since) AS busy,
       (SELECT coalesce(sum(extract(epoch FROM until - since)) FILTER (WHERE activity IN ('busy', 'available')), 0)::float8
        FROM spans WHERE until > since) AS present,
       count(*) FILTER (WHERE up) AS up,
       greatest(0, coalesce((SELECT floor(extract(epoch FROM %(to)s::timestamptz) / 10)
                                  - ceil(extract(epoch FROM greatest(%(from)s, first)) / 10)
                             FROM (SELECT min(slot) AS first FROM heartbeats WHERE role = 'web') AS web
                             WHERE first IS NOT NULL), 0))::bigint AS slots,
       count(*) FILTER (WHERE answered AND asked) AS answered, count(*) FILTER (WHERE asked) AS asked
FROM slots

-- name: uncounted
-- Days that are over and not counted yet, of those that have heartbeats; the oldest first.
SELECT d::date AS day FROM generate_series(
    (SELECT coalesce(max(day) + 1, (SELECT (min(slot) AT TIME ZONE %(timezone)s)::date FROM heartbeats)) FROM house_days),
    %(today)s::date - 1, interval '1 day') AS d ORDER BY d LIMIT 30

-- name: count
INSERT INTO house_days (day, busy, present, up, slots, answered, asked)
VALUES (%(day)s, %(busy)s, %(present)s, %(up)s, %(slots)s, %(answered)s, %(asked)s) ON CONFLICT (day) DO NOTHING

-- name: counted
SELECT coalesce(sum(busy), 0)::float8 AS busy, coalesce(sum(present), 0)::float8 AS present,
       coalesce(sum(up), 0)::bigint AS up, coalesce(sum(slots), 0)::bigint AS slots,
       coalesce(sum(answered), 0)::bigint AS answered, coalesce(sum(asked), 0)::bigint AS asked, max(day) AS last
FROM house_days WHERE day >= %(first)s AND day < %(end)s

-- name: backlog
-- Open cases, and how long the middle one and one in ten has been open.
SELECT count(*) AS open, coalesce(sum(age), 0)::float8 AS total,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY age) AS median, percentile_disc(0.9) WITHIN GROUP (ORDER BY age) AS p90
FROM (SELECT extract(epoch FROM %(now)s - coalesce(reopened_at, opened_at))::float8 AS age FROM cases
      WHERE status IN ('open', 'assigned', 'waiting', 'planned')) AS ages

-- name: visits
-- Visits of a period, and those at a charger that was visited within 30 days before.
SELECT count(*) AS visits, count(*) FILTER (WHERE at - before <= interval '30 days') AS again FROM (
    SELECT at, lag(at) OVER (PARTITION BY charger ORDER BY at) AS before FROM facts
    WHERE kind = 'visit' AND charger IS NOT NULL AND at < %(to)s
      AND day >= (%(from)s::timestamptz AT TIME ZONE %(timezone)s)::date - 31
) AS all_visits WHERE at >= %(from)s
