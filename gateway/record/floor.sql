-- name: announcements
-- What is told now or will be, the newest first.
SELECT id, site_id, texts, begins_at, ends_at, made_by FROM announcements
WHERE withdrawn_at IS NULL AND ends_at > %(now)s ORDER BY begins_at DESC, id DESC LIMIT 100

-- name: announce
INSERT INTO announcements (site_id, texts, begins_at, ends_at, made_by, created_at)
VALUES (%(site)s, %(texts)s, %(from)s, %(until)s, %(by)s, %(now)s) RETURNING id

-- name: withdraw
UPDATE announcements SET withdrawn_at = %(now)s WHERE id = %(announcement)s AND withdrawn_at IS NULL

-- name: overflows
SELECT id, queue, into_queue, began_at, ends_at, made_by FROM overflows
WHERE ended_at IS NULL AND ends_at > %(now)s ORDER BY queue

-- name: overflow
INSERT INTO overflows (queue, into_queue, began_at, ends_at, made_by) VALUES (%(queue)s, %(into)s, %(now)s, %(until)s, %(by)s)
ON CONFLICT (queue) WHERE ended_at IS NULL
DO UPDATE SET into_queue = excluded.into_queue, ends_at = excluded.ends_at, made_by = excluded.made_by

-- name: end_overflow
UPDATE overflows SET ended_at = %(now)s WHERE ended_at IS NULL AND (queue = %(queue)s OR ends_at <= %(now)s)

-- name: overflowing
-- Free cases of queues that flow over.
SELECT c.id, o.into_queue FROM overflows o JOIN cases c ON c.queue = o.queue AND c.status = 'open'
WHERE o.ended_at IS NULL AND o.ends_at > %(now)s ORDER BY c.priority, c.opened_at LIMIT 50

-- name: beyond
-- Free cases of a queue behind those that it keeps.
SELECT id FROM cases WHERE queue = %(queue)s AND status = 'open' ORDER BY priority, opened_at, id OFFSET %(keep)s LIMIT 50

-- name: free_cases
-- Free cases of a queue, the most urgent first.
SELECT id FROM cases WHERE queue = %(queue)s AND status = 'open' AND (%(priority)s = '' OR priority = %(priority)s)
ORDER BY priority, opened_at LIMIT %(most)s

-- name: set_queues
UPDATE agents SET queues = %(queues)s WHERE id = %(agent)s

-- name: audit
INSERT INTO audit (at, actor_kind, actor_id, act, object, data)
VALUES (%(now)s, 'agent', %(by)s, %(act)s, %(object)s, %(data)s)

-- name: calls_waiting
SELECT count(*) AS waiting, min(queued_at) AS since FROM calls
WHERE queued_at IS NOT NULL AND answered_at IS NULL AND ended_at IS NULL

-- name: work_waiting
-- What waits for somebody, by queue.
SELECT w.queue, count(*) AS waiting, min(w.arrived_at) AS since,
       (SELECT count(*) FROM agents a WHERE a.disabled_at IS NULL AND a.activity IN ('available', 'busy')
                                        AND (a.queues = '{}' OR w.queue = ANY(a.queues))) AS serving
FROM work_items w WHERE w.state IN ('waiting', 'offered') GROUP BY w.queue

-- name: activities
SELECT activity, count(*) AS agents FROM agents WHERE disabled_at IS NULL GROUP BY activity

-- name: urgent
-- The oldest open emergencies, and how many there are in all.
SELECT count(*) OVER () AS total, c.id, c.opened_at, c.first_response_at, c.due_first_response, c.assignee, c.site_id, c.charger_id, c.queue, c.status
FROM cases c WHERE c.priority = 'P1' AND c.status IN ('open', 'assigned', 'waiting', 'planned') ORDER BY c.opened_at LIMIT 8

-- name: recurring
-- Chargers with more than one fault case in the last days, and what is usual for their model.
WITH faults AS (
    SELECT charger, count(*) AS cases, max(at) AS last FROM facts
    WHERE kind = 'case' AND day >= %(since)s AND charger IS NOT NULL
      AND category IN ('cable_stuck', 'no_start', 'interrupted', 'slow', 'offline', 'damage', 'safety')
    GROUP BY charger
), models AS (
    SELECT k.vendor, k.model, count(*) AS chargers, coalesce(sum(f.cases), 0) AS cases
    FROM chargers k LEFT JOIN faults f ON f.charger = k.id GROUP BY k.vendor, k.model
)
SELECT f.charger, f.cases, f.last, k.site_id, k.vendor, k.model, m.chargers, m.cases::float8 / m.chargers AS usual,
       (SELECT c.id FROM cases c WHERE c.charger_id = f.charger AND c.status IN ('open', 'assigned', 'waiting', 'planned')
        ORDER BY c.id DESC LIMIT 1) AS open_case
FROM faults f JOIN chargers k ON k.id = f.charger JOIN models m ON m.vendor = k.vendor AND m.model = k.model
WHERE f.cases > 1 ORDER BY f.cases DESC, f.last DESC LIMIT 200

-- name: recurring_kinds
-- Models and sites with fault cases in the last days, each beside all chargers together.
WITH faults AS (
    SELECT charger, count(*) AS cases FROM facts
    WHERE kind = 'case' AND day >= %(since)s AND charger IS NOT NULL
      AND category IN ('cable_stuck', 'no_start', 'interrupted', 'slow', 'offline', 'damage', 'safety')
    GROUP BY charger
), each AS (
    SELECT k.id, k.site_id, k.vendor || ' ' || k.model AS model, coalesce(f.cases, 0) AS cases
    FROM chargers k LEFT JOIN faults f ON f.charger = k.id
), usual AS (
    SELECT sum(cases)::float8 / nullif(count(*), 0) AS mean FROM each
)
SELECT kind, key, chargers, cases, again, rate, mean FROM (
    SELECT 'model' AS kind, model AS key, count(*) AS chargers, sum(cases)::bigint AS cases,
           count(*) FILTER (WHERE cases > 1) AS again, sum(cases)::float8 / count(*) AS rate FROM each GROUP BY model
    UNION ALL
    SELECT 'site', site_id, count(*), sum(cases)::bigint, count(*) FILTER (WHERE cases > 1), sum(cases)::float8 / count(*)
    FROM each GROUP BY site_id
) AS kinds, usual
WHERE cases > 1 ORDER BY kind, rate DESC, key LIMIT 60
