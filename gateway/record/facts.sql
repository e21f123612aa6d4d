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
WITH rows AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS r(
        by text, kind text, key text, count integer, met integer, missed integer, ended text, lost text, tags jsonb)
), tags AS (
    INSERT INTO day_tags (day, by, kind, key, tag, count)
    SELECT %(day)s, r.by, r.kind, r.key, t.key, t.value::integer FROM rows r, jsonb_each_text(r.tags) AS t
)
INSERT INTO day_tallies (day, by, kind, key, count, met, missed, ended, lost)
SELECT %(day)s, by, kind, key, count, met, missed, decode(ended, 'base64'), decode(lost, 'base64') FROM rows

-- name: clean
INSERT INTO fact_days (day, dirty) VALUES (%(day)s, false) ON CONFLICT (day) DO UPDATE SET dirty = false

-- name: ripe_months
-- Months that are over, whose days are all counted and that are not added up yet.
SELECT date_trunc('month', day)::date AS month FROM fact_days WHERE day < date_trunc('month', %(today)s::date)
GROUP BY 1 HAVING NOT bool_or(dirty) EXCEPT SELECT month FROM fact_months ORDER BY 1 LIMIT 3

-- name: of_month
SELECT t.by, t.kind, t.key, sum(t.count)::bigint AS count, sum(t.met)::bigint AS met, sum(t.missed)::bigint AS missed,
       string_agg(t.ended, ''::bytea) AS ended, string_agg(t.lost, ''::bytea) AS lost
FROM day_tallies t WHERE t.by = %(by)s AND t.day >= %(month)s AND t.day < %(month)s::date + interval '1 month'
GROUP BY t.by, t.kind, t.key

-- name: uncount_month
WITH tags AS (DELETE FROM month_tags WHERE month = %(month)s) DELETE FROM month_tallies WHERE month = %(month)s

-- name: count_month
INSERT INTO month_tallies (month, by, kind, key, count, met, missed, ended, lost)
SELECT %(month)s, r.by, r.kind, r.key, r.count, r.met, r.missed, decode(r.ended, 'base64'), decode(r.lost, 'base64')
FROM jsonb_to_recordset(%(rows)s) AS r(
    by text, kind text, key text, count integer, met integer, missed integer, ended text, lost text)

-- name: finish_month
WITH tags AS (
    INSERT INTO month_tags (month, by, kind, key, tag, count)
    SELECT %(month)s, by, kind, key, tag, sum(count) FROM day_tags
    WHERE day >= %(month)s AND day < %(month)s::date + interval '1 month' GROUP BY by, kind, key, tag
)
INSERT INTO fact_months (month) VALUES (%(month)s)

-- name: tallies
-- Whole months and the counted days beside them, added up.
WITH months AS MATERIALIZED (
    SELECT month FROM fact_months WHERE month >= %(first)s AND (month + interval '1 month')::date <= %(end)s
), days AS MATERIALIZED (
    SELECT day FROM fact_days WHERE NOT dirty AND day >= %(first)s AND day < %(end)s
                                AND date_trunc('month', day)::date NOT IN (SELECT month FROM months)
)
SELECT p.by, p.kind, p.key, sum(p.count)::bigint AS count, sum(p.met)::bigint AS met, sum(p.missed)::bigint AS missed,
       string_agg(p.ended, ''::bytea) AS ended, string_agg(p.lost, ''::bytea) AS lost
FROM (
    SELECT t.by, t.kind, t.key, t.count, t.met, t.missed, t.ended, t.lost FROM month_tallies t JOIN months USING (month)
    WHERE t.by = ANY(%(by)s::text[]) AND t.kind = ANY(%(kinds)s::text[])
    UNION ALL
    SELECT t.by, t.kind, t.key, t.count, t.met, t.missed, t.ended, t.lost FROM day_tallies t JOIN days USING (day)
    WHERE t.by = ANY(%(by)s::text[]) AND t.kind = ANY(%(kinds)s::text[])
) AS p
GROUP BY p.by, p.kind, p.key

-- name: tags
WITH months AS MATERIALIZED (
    SELECT month FROM fact_months WHERE month >= %(first)s AND (month + interval '1 month')::date <= %(end)s
), days AS MATERIALIZED (
    SELECT day FROM fact_days WHERE NOT dirty AND day >= %(first)s AND day < %(end)s
                                AND date_trunc('month', day)::date NOT IN (SELECT month FROM months)
)
SELECT p.by, p.kind, p.key, p.tag, sum(p.count)::bigint AS count
FROM (
    SELECT t.by, t.kind, t.key, t.tag, t.count FROM month_tags t JOIN months USING (month)
    WHERE t.by = ANY(%(by)s::text[]) AND t.kind = ANY(%(kinds)s::text[])
    UNION ALL
    SELECT t.by, t.kind, t.key, t.tag, t.count FROM day_tags t JOIN days USING (day)
    WHERE t.by = ANY(%(by)s::text[]) AND t.kind = ANY(%(kinds)s::text[])
) AS p
GROUP BY p.by, p.kind, p.key, p.tag

-- name: daily
-- The same, a day at a time, of all that was counted.
SELECT t.day, t.kind, t.count, t.met, t.missed, t.ended, t.lost
FROM day_tallies t JOIN fact_days d ON d.day = t.day AND NOT d.dirty
WHERE t.by = 'all' AND t.kind = ANY(%(kinds)s::text[]) AND t.day >= %(first)s AND t.day < %(end)s

-- name: uncounted
-- Facts of a period that the counted days do not hold: of days in part, of today, of days that have changed.
SELECT f.* FROM facts f LEFT JOIN fact_days d ON d.day = f.day
WHERE f.day >= (%(from)s::timestamptz AT TIME ZONE %(timezone)s)::date
  AND f.day <= (%(to)s::timestamptz AT TIME ZONE %(timezone)s)::date
  AND f.at >= %(from)s AND f.at < %(to)s AND f.kind = ANY(%(kinds)s::text[])
  AND (f.ended IS NOT NULL OR f.lost IS NOT NULL)
  AND (f.day < %(first)s OR f.day >= %(end)s OR d.dirty IS DISTINCT FROM false)

-- name: unfinished
-- What is not over yet, with the target that it may have missed already.
SELECT f.*, (SELECT CASE f.kind WHEN 'response' THEN c.due_first_response WHEN 'stay' THEN c.due_line
                                WHEN 'solution' THEN c.due_solution END FROM cases c WHERE c.id = f.case_id) AS due
FROM facts f
WHERE f.ended IS NULL AND f.lost IS NULL AND f.kind = ANY(%(kinds)s::text[]) AND f.at >= %(from)s AND f.at < %(to)s

-- name: behind
-- The cases behind a figure, the worst first.
SELECT f.case_id, f.at, f.ended, f.lost, f.met, f.tags, f.agent_id, f.channel, f.queue, f.line, f.priority, f.site, f.category,
       f.charger, c.status, count(*) OVER () AS total
FROM facts f JOIN cases c ON c.id = f.case_id
WHERE f.kind = %(kind)s AND f.at >= %(from)s AND f.at < %(to)s
  AND f.day >= (%(from)s::timestamptz AT TIME ZONE %(timezone)s)::date
  AND f.day <= (%(to)s::timestamptz AT TIME ZONE %(timezone)s)::date
  AND coalesce(CASE %(by)s::text
          WHEN 'channel' THEN f.channel WHEN 'queue' THEN f.queue WHEN 'line' THEN f.line::text
          WHEN 'priority' THEN f.priority WHEN 'sla_level' THEN f.sla_level WHEN 'site' THEN f.site
          WHEN 'owner' THEN f.owner WHEN 'language' THEN f.language WHEN 'category' THEN f.category
          WHEN 'hour' THEN to_char(f.at AT TIME ZONE f.timezone, 'HH24')
          WHEN 'weekday' THEN to_char(f.at AT TIME ZONE f.timezone, 'ID') ELSE %(key)s::text END, '-') = %(key)s
  AND CASE %(outcome)s::text
          WHEN '' THEN true
          WHEN 'ended' THEN f.ended IS NOT NULL
          WHEN 'lost' THEN f.lost IS NOT NULL
          WHEN 'open' THEN f.ended IS NULL AND f.lost IS NULL
          WHEN 'met' THEN f.met
          WHEN 'missed' THEN f.met = false
              OR (f.ended IS NULL AND f.lost IS NULL AND %(now)s > CASE f.kind
                  WHEN 'response' THEN c.due_first_response WHEN 'solution' THEN c.due_solution
                  WHEN 'stay' THEN c.due_line END)
          ELSE %(outcome)s = ANY(f.tags) END
ORDER BY f.ended IS NULL AND f.lost IS NULL DESC, coalesce(f.ended, f.lost) DESC, f.case_id
LIMIT %(limit)s OFFSET %(offset)s

-- name: all_days
SELECT day, dirty FROM fact_days ORDER BY day

-- name: forget
TRUNCATE facts, fact_days, day_tallies, day_tags, fact_months, month_tallies, month_tags

-- name: cases_after
SELECT id, first_response_at FROM cases WHERE id > %(after)s ORDER BY id LIMIT %(most)s

-- name: answered_last
-- The first response of each case's present interval, as the timeline has it.
SELECT DISTINCT ON (case_id) case_id, kind, at FROM timeline
WHERE case_id = ANY(%(cases)s::bigint[]) AND kind IN ('opened', 'reopened', 'first_response') ORDER BY case_id, id DESC

-- name: span
-- Every fact of a short period that is over.
SELECT * FROM facts
WHERE day >= (%(from)s::timestamptz AT TIME ZONE %(timezone)s)::date
  AND day <= (%(to)s::timestamptz AT TIME ZONE %(timezone)s)::date
  AND at >= %(from)s AND at < %(to)s AND kind = ANY(%(kinds)s::text[]) AND (ended IS NOT NULL OR lost IS NOT NULL)

-- name: arrivals
-- Calls in line of the last weeks: when they came, how long they waited, and whether they were answered.
SELECT at, ended, lost, tags FROM facts WHERE kind = 'queue' AND day >= %(since)s AND day < %(until)s
