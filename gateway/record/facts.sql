-- name: alone
-- One ledger keeper at a time.
SELECT pg_try_advisory_xact_lock(hashtext('switchyard.facts')) AS mine

-- name: alone_waiting
SELECT pg_advisory_xact_lock(hashtext('switchyard.facts'))

-- name: mark
SELECT entry, seen, seen_until, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS following,
       coalesce((SELECT max(id) FROM timeline), 0) AS last
FROM fact_mark

-- name: move_mark
UPDATE fact_mark SET entry = %(entry)s, seen = %(seen)s, seen_until = %(seen_until)s

-- name: touched
SELECT DISTINCT case_id FROM timeline WHERE id > %(after)s AND id <= %(upto)s

-- name: entries
SELECT case_id, at, kind, actor_kind, actor_id, report_id, data - 'reasons' AS data
FROM timeline WHERE case_id = ANY(%(cases)s::bigint[]) ORDER BY case_id, id

-- name: wheres
-- What older entries do not say themselves: as the opening report was judged, and as the case stands.
SELECT c.id AS case_id, coalesce(r.channel, 'api') AS channel, coalesce(r.queue, c.queue) AS queue, 1 AS line,
       coalesce(r.priority, c.priority) AS priority, c.sla_level, coalesce(r.site_id, c.site_id) AS site, c.owner_id AS owner,
       c.language, c.timezone, coalesce(r.category, c.category) AS category, coalesce(r.charger_id, c.charger_id) AS charger
FROM cases c
LEFT JOIN LATERAL (
    SELECT o.* FROM timeline t JOIN reports o ON o.id = t.report_id
    WHERE t.case_id = c.id AND t.kind = 'opened' ORDER BY t.id LIMIT 1
) AS r ON true
WHERE c.id = ANY(%(cases)s::bigint[])

-- name: kept
SELECT * FROM facts WHERE case_id = ANY(%(cases)s::bigint[]) ORDER BY case_id, nth

-- name: drop
DELETE FROM facts WHERE case_id = ANY(%(cases)s::bigint[])

-- name: keep
INSERT INTO facts (case_id, nth, kind, at, day, ended, lost, met, tags, agent_id, channel, queue, line, priority,
                   sla_level, site, owner, language, timezone, category, charger)
SELECT r.case_id, r.nth_fact, r.kind, r.at, r.day, r.ended, r.lost, r.met, r.tags, r.agent_id, r.channel, r.queue, r.line,
       r.priority, r.sla_level, r.site, r.owner, r.language, r.timezone, r.category, r.charger
FROM jsonb_to_recordset(%(rows)s) AS r(
    case_id bigint, nth_fact integer, kind text, at timestamptz, day date, ended bigint, lost bigint, met boolean,
    tags text[], agent_id text, channel text, queue text, line smallint, priority text, sla_level text, site text,
    owner text, language text, timezone text, category text, charger text)

-- name: soil
WITH months AS (
    DELETE FROM fact_months WHERE month IN (SELECT date_trunc('month', d)::date FROM unnest(%(days)s::date[]) AS d)
)
INSERT INTO fact_days (day, dirty) SELECT unnest(%(days)s::date[]), true ON CONFLICT (day) DO UPDATE SET dirty = true

-- name: dirty
-- Days to be counted again, the oldest first; a day that is still going on is read from its facts.
SELECT day FROM fact_days WHERE dirty AND day < %(today)s ORDER BY day LIMIT %(most)s

-- name: of_day
SELECT * FROM facts WHERE day = %(day)s AND (ended IS NOT NULL OR lost IS NOT NULL)

-- name: uncount
WITH tags AS (DELETE FROM day_tags WHERE day = %(day)s) DELETE FROM day_tallies WHERE day = %(day)s

-- name: count
INSERT INTO day_tallies (day, by, kind, key, count, met, missed, answered, total, soon, longest, ended, lost)
SELECT %(day)s, b.by, f.kind, fact_key(b.by, f), count(*), count(*) FILTER (WHERE f.met), count(*) FILTER (WHERE NOT f.met),
       count(f.ended), coalesce(sum(f.ended), 0), count(*) FILTER (WHERE f.ended <= %(soon)s::bigint),
       greatest(max(f.ended), max(f.lost)),
       coalesce(string_agg(int8send(f.ended), ''::bytea) FILTER (WHERE f.kind = ANY(%(spread)s::text[])), ''),
       coalesce(string_agg(int8send(f.lost), ''::bytea) FILTER (WHERE f.kind = ANY(%(spread)s::text[])), '')
FROM facts f, unnest(%(by)s::text[]) AS b(by)
WHERE f.day = %(day)s AND (f.ended IS NOT NULL OR f.lost IS NOT NULL) GROUP BY 2, 3, 4

-- name: count_tags
INSERT INTO day_tags (day, by, kind, key, tag, count)
SELECT %(day)s, b.by, f.kind, fact_key(b.by, f), t.tag, count(*)
FROM facts f, unnest(%(by)s::text[]) AS b(by), unnest(f.tags) AS t(tag)
WHERE f.day = %(day)s AND (f.ended IS NOT NULL OR f.lost IS NOT NULL) GROUP BY 2, 3, 4, 5

-- name: clean
INSERT INTO fact_days (day, dirty) VALUES (%(day)s, false) ON CONFLICT (day) DO UPDATE SET dirty = false

-- name: ripe_months
-- Months that are over, whose days are all counted and that are not added up yet.
SELECT date_trunc('month', day)::date AS month FROM fact_days WHERE day < date_trunc('month', %(today)s::date)
GROUP BY 1 HAVING NOT bool_or(dirty) EXCEPT SELECT month FROM fact_months ORDER BY 1 LIMIT 3

-- name: uncount_month
WITH tags AS (DELETE FROM month_tags WHERE month = %(month)s) DELETE FROM month_tallies WHERE month = %(month)s

-- name: count_month
INSERT INTO month_tallies (month, by, kind, key, count, met, missed, answered, total, soon, longest, ended, lost)
SELECT %(month)s, t.by, t.kind, t.key, sum(t.count), sum(t.met), sum(t.missed), sum(t.answered), sum(t.total), sum(t.soon),
       max(t.longest), string_agg(t.ended, ''::bytea), string_agg(t.lost, ''::bytea)
FROM day_tallies t WHERE t.by = %(by)s::text AND t.day >= %(month)s AND t.day < %(month)s::date + interval '1 month'
GROUP BY t.by, t.kind, t.key

-- name: finish_month
WITH tags AS (
    INSERT INTO month_tags (month, by, kind, key, tag, count)
    SELECT %(month)s, by, kind, key, tag, sum(count) FROM day_tags
    WHERE day >= %(month)s AND day < %(month)s::date + interval '1 month' GROUP BY by, kind, key, tag
)
INSERT INTO fact_months (month) VALUES (%(month)s)

-- name: tallies
-- Whole months, the counted days beside them, the facts of days that are not counted, and what is not over yet as it is
-- seen now, added up; the waits themselves of the kinds that are asked for with them.
WITH months AS MATERIALIZED (
    SELECT month FROM fact_months WHERE month >= %(first)s AND (month + interval '1 month')::date <= %(end)s
), days AS MATERIALIZED (
    SELECT day FROM fact_days WHERE NOT dirty AND day >= %(first)s AND day < %(end)s
                                AND date_trunc('month', day)::date NOT IN (SELECT month FROM months)
), rest AS MATERIALIZED (
    SELECT day FROM fact_days WHERE day >= (%(from)s::timestamptz AT TIME ZONE %(timezone)s)::date
                                AND day <= (%(to)s::timestamptz AT TIME ZONE %(timezone)s)::date
                                AND (dirty OR day < %(first)s OR day >= %(end)s)
)
SELECT p.kind, p.key, sum(p.count)::bigint AS count, sum(p.met)::bigint AS met, sum(p.missed)::bigint AS missed,
       sum(p.open)::bigint AS open, sum(p.answered)::bigint AS answered, sum(p.total) AS total, sum(p.soon)::bigint AS soon,
       max(p.longest) AS longest,
       coalesce(string_agg(p.ended, ''::bytea) FILTER (WHERE p.kind = ANY(%(spread)s::text[])), '') AS ended,
       coalesce(string_agg(p.lost, ''::bytea) FILTER (WHERE p.kind = ANY(%(spread)s::text[])), '') AS lost
FROM (
    SELECT t.kind, t.key, t.count, t.met, t.missed, 0 AS open, t.answered, t.total, t.soon, t.longest, t.ended, t.lost
    FROM month_tallies t
    WHERE t.by = %(by)s::text AND t.month = ANY(ARRAY(SELECT month FROM months)) AND t.kind = ANY(%(kinds)s::text[])
    UNION ALL
    SELECT t.kind, t.key, t.count, t.met, t.missed, 0, t.answered, t.total, t.soon, t.longest, t.ended, t.lost
    FROM day_tallies t
    WHERE t.by = %(by)s::text AND t.day = ANY(ARRAY(SELECT day FROM days)) AND t.kind = ANY(%(kinds)s::text[])
    UNION ALL
    SELECT f.kind, fact_key(%(by)s::text, f), count(*), count(*) FILTER (WHERE f.met), count(*) FILTER (WHERE NOT f.met), 0,
           count(f.ended), coalesce(sum(f.ended), 0), count(*) FILTER (WHERE f.ended <= %(soon)s::bigint),
           greatest(max(f.ended), max(f.lost)), string_agg(int8send(f.ended), ''::bytea),
           string_agg(int8send(f.lost), ''::bytea)
    FROM facts f
    WHERE f.day = ANY(ARRAY(SELECT day FROM rest)) AND f.kind = ANY(%(kinds)s::text[])
      AND f.at >= %(from)s AND f.at < %(to)s AND (f.ended IS NOT NULL OR f.lost IS NOT NULL)
    GROUP BY 1, 2
    UNION ALL
    SELECT o.kind, o.key, count(*), 0, count(*) FILTER (WHERE o.late), count(*), 0, 0, 0, max(o.age), NULL,
           string_agg(int8send(o.age), ''::bytea)
    FROM (
        SELECT f.kind, fact_key(%(by)s::text, f) AS key, f.met IS FALSE OR coalesce(%(now)s::timestamptz > fact_due(f.kind, c), false) AS late,
               greatest(0, extract(epoch FROM %(now)s::timestamptz - f.at) * 1000000)::bigint AS age
        FROM facts f JOIN cases c ON c.id = f.case_id
        WHERE f.ended IS NULL AND f.lost IS NULL AND f.kind = ANY(%(kinds)s::text[]) AND f.at >= %(from)s AND f.at < %(to)s
    ) AS o GROUP BY 1, 2
) AS p
GROUP BY p.kind, p.key

-- name: tags
WITH months AS MATERIALIZED (
    SELECT month FROM fact_months WHERE month >= %(first)s AND (month + interval '1 month')::date <= %(end)s
), days AS MATERIALIZED (
    SELECT day FROM fact_days WHERE NOT dirty AND day >= %(first)s AND day < %(end)s
                                AND date_trunc('month', day)::date NOT IN (SELECT month FROM months)
), rest AS MATERIALIZED (
    SELECT day FROM fact_days WHERE day >= (%(from)s::timestamptz AT TIME ZONE %(timezone)s)::date
                                AND day <= (%(to)s::timestamptz AT TIME ZONE %(timezone)s)::date
                                AND (dirty OR day < %(first)s OR day >= %(end)s)
)
SELECT p.kind, p.key, p.tag, sum(p.count)::bigint AS count
FROM (
    SELECT t.kind, t.key, t.tag, t.count FROM month_tags t
    WHERE t.by = %(by)s::text AND t.month = ANY(ARRAY(SELECT month FROM months)) AND t.kind = ANY(%(kinds)s::text[])
    UNION ALL
    SELECT t.kind, t.key, t.tag, t.count FROM day_tags t
    WHERE t.by = %(by)s::text AND t.day = ANY(ARRAY(SELECT day FROM days)) AND t.kind = ANY(%(kinds)s::text[])
    UNION ALL
    SELECT f.kind, fact_key(%(by)s::text, f), t.tag, count(*) FROM facts f, unnest(f.tags) AS t(tag)
    WHERE f.day = ANY(ARRAY(SELECT day FROM rest)) AND f.kind = ANY(%(kinds)s::text[])
      AND f.at >= %(from)s AND f.at < %(to)s AND (f.ended IS NOT NULL OR f.lost IS NOT NULL)
    GROUP BY 1, 2, 3
) AS p
GROUP BY p.kind, p.key, p.tag

-- name: daily
-- The same of all that was counted, a day at a time.
WITH days AS MATERIALIZED (
    SELECT day FROM fact_days WHERE NOT dirty AND day >= %(first)s AND day < %(end)s
), rest AS MATERIALIZED (
    SELECT day FROM fact_days WHERE day >= (%(from)s::timestamptz AT TIME ZONE %(timezone)s)::date
                                AND day <= (%(to)s::timestamptz AT TIME ZONE %(timezone)s)::date
                                AND (dirty OR day < %(first)s OR day >= %(end)s)
)
SELECT p.day, p.kind, sum(p.count)::bigint AS count, sum(p.met)::bigint AS met, sum(p.missed)::bigint AS missed,
       sum(p.open)::bigint AS open, sum(p.answered)::bigint AS answered, sum(p.total) AS total, sum(p.soon)::bigint AS soon,
       max(p.longest) AS longest,
       coalesce(string_agg(p.ended, ''::bytea) FILTER (WHERE p.kind = ANY(%(spread)s::text[])), '') AS ended,
       coalesce(string_agg(p.lost, ''::bytea) FILTER (WHERE p.kind = ANY(%(spread)s::text[])), '') AS lost
FROM (
    SELECT t.day, t.kind, t.count, t.met, t.missed, 0 AS open, t.answered, t.total, t.soon, t.longest, t.ended, t.lost
    FROM day_tallies t
    WHERE t.by = 'all' AND t.day = ANY(ARRAY(SELECT day FROM days)) AND t.kind = ANY(%(kinds)s::text[])
    UNION ALL
    SELECT f.day, f.kind, count(*), count(*) FILTER (WHERE f.met), count(*) FILTER (WHERE NOT f.met), 0,
           count(f.ended), coalesce(sum(f.ended), 0), count(*) FILTER (WHERE f.ended <= %(soon)s::bigint),
           greatest(max(f.ended), max(f.lost)), string_agg(int8send(f.ended), ''::bytea),
           string_agg(int8send(f.lost), ''::bytea)
    FROM facts f
    WHERE f.day = ANY(ARRAY(SELECT day FROM rest)) AND f.kind = ANY(%(kinds)s::text[])
      AND f.at >= %(from)s AND f.at < %(to)s AND (f.ended IS NOT NULL OR f.lost IS NOT NULL)
    GROUP BY 1, 2
    UNION ALL
    SELECT o.day, o.kind, count(*), 0, count(*) FILTER (WHERE o.late), count(*), 0, 0, 0, max(o.age), NULL,
           string_agg(int8send(o.age), ''::bytea)
    FROM (
        SELECT f.day, f.kind, f.met IS FALSE OR coalesce(%(now)s::timestamptz > fact_due(f.kind, c), false) AS late,
               greatest(0, extract(epoch FROM %(now)s::timestamptz - f.at) * 1000000)::bigint AS age
        FROM facts f JOIN cases c ON c.id = f.case_id
        WHERE f.ended IS NULL AND f.lost IS NULL AND f.kind = ANY(%(kinds)s::text[])
          AND f.at >= %(from)s AND f.at < %(to)s
    ) AS o GROUP BY 1, 2
) AS p
GROUP BY p.day, p.kind

-- name: hourly
-- Every so many seconds of a short period, from its facts.
SELECT o.slot, o.kind, count(*) AS count, count(*) FILTER (WHERE o.met) AS met, count(*) FILTER (WHERE o.missed) AS missed,
       count(o.age) AS open, count(o.ended) AS answered, coalesce(sum(o.ended), 0) AS total,
       count(*) FILTER (WHERE o.ended <= %(soon)s::bigint) AS soon, greatest(max(o.ended), max(o.lost), max(o.age)) AS longest,
       coalesce(string_agg(int8send(o.ended), ''::bytea) FILTER (WHERE o.kind = ANY(%(spread)s::text[])), '') AS ended,
       coalesce(string_agg(int8send(coalesce(o.lost, o.age)), ''::bytea)
                FILTER (WHERE o.kind = ANY(%(spread)s::text[])), '') AS lost
FROM (
    SELECT f.kind, f.ended, f.lost, f.met, f.met IS FALSE AS missed, NULL::bigint AS age,
           floor(extract(epoch FROM f.at - %(from)s::timestamptz) / %(step)s::integer)::integer AS slot
    FROM facts f
    WHERE f.day >= (%(from)s::timestamptz AT TIME ZONE %(timezone)s)::date
      AND f.day <= (%(to)s::timestamptz AT TIME ZONE %(timezone)s)::date
      AND f.at >= %(from)s AND f.at < %(to)s AND f.kind = ANY(%(kinds)s::text[])
      AND (f.ended IS NOT NULL OR f.lost IS NOT NULL)
    UNION ALL
    SELECT f.kind, NULL, NULL, NULL, f.met IS FALSE OR coalesce(%(now)s::timestamptz > fact_due(f.kind, c), false),
           greatest(0, extract(epoch FROM %(now)s::timestamptz - f.at) * 1000000)::bigint,
           floor(extract(epoch FROM f.at - %(from)s::timestamptz) / %(step)s::integer)::integer
    FROM facts f JOIN cases c ON c.id = f.case_id
    WHERE f.ended IS NULL AND f.lost IS NULL AND f.kind = ANY(%(kinds)s::text[]) AND f.at >= %(from)s AND f.at < %(to)s
) AS o GROUP BY 1, 2

-- name: behind
-- The cases behind a figure, the worst first.
SELECT f.case_id, f.at, f.ended, f.lost, f.met, f.tags, f.agent_id, f.channel, f.queue, f.line, f.priority, f.site, f.category,
       f.charger, c.status
FROM facts f JOIN cases c ON c.id = f.case_id
WHERE f.kind = %(kind)s AND f.at >= %(from)s AND f.at < %(to)s
  AND f.day >= (%(from)s::timestamptz AT TIME ZONE %(timezone)s)::date
  AND f.day <= (%(to)s::timestamptz AT TIME ZONE %(timezone)s)::date
  AND fact_key(%(by)s::text, f) = %(key)s::text
  AND CASE %(outcome)s::text
          WHEN '' THEN true
          WHEN 'ended' THEN f.ended IS NOT NULL
          WHEN 'lost' THEN f.lost IS NOT NULL
          WHEN 'open' THEN f.ended IS NULL AND f.lost IS NULL
          WHEN 'met' THEN f.met
          WHEN 'missed' THEN f.met = false
              OR (f.ended IS NULL AND f.lost IS NULL AND %(now)s::timestamptz > fact_due(f.kind, c))
          ELSE %(outcome)s = ANY(f.tags) END
ORDER BY coalesce(f.ended, f.lost) DESC, f.case_id
LIMIT %(limit)s OFFSET %(offset)s

-- name: all_days
SELECT day, dirty FROM fact_days ORDER BY day

-- name: kept_day
SELECT * FROM day_tallies WHERE day = %(day)s AND by = ANY(%(by)s::text[])

-- name: kept_tags
SELECT * FROM day_tags WHERE day = %(day)s AND by = ANY(%(by)s::text[])

-- name: forget
TRUNCATE facts, fact_days, day_tallies, day_tags, fact_months, month_tallies, month_tags

-- name: cases_after
SELECT id, first_response_at FROM cases WHERE id > %(after)s ORDER BY id LIMIT %(most)s

-- name: answered_last
-- The first response of each case's present interval, as the timeline has it.
SELECT DISTINCT ON (case_id) case_id, kind, at FROM timeline
WHERE case_id = ANY(%(cases)s::bigint[]) AND kind IN ('opened', 'reopened', 'first_response') ORDER BY case_id, id DESC
