-- name: staffed
-- Whether anybody is at work who can be reached on a telephone or in a browser; with a queue, somebody who serves it.
SELECT EXISTS (
    SELECT FROM agents WHERE activity IN ('available', 'busy') AND disabled_at IS NULL AND max_calls > 0
                         AND (phone IS NOT NULL OR browser_until > lease_now())
                         AND (%(queue)s::text IS NULL OR sites = '{}' AND (queues = '{}' OR %(queue)s::text = ANY(queues)))
) AS staffed

-- name: enter
-- The first entry keeps its time, so that whoever comes back has lost nothing; they are not answered any more, nor on
-- hold, but what is recorded of them stays as silent as it was.
UPDATE calls SET queued_at = coalesce(queued_at, %(now)s), room = NULL, answered_at = NULL, agent_id = NULL,
                 held_at = NULL,
                 report_id = coalesce(report_id, %(report)s),
                 case_id = coalesce(case_id, (SELECT case_id FROM reports WHERE id = %(report)s))
WHERE sid = %(sid)s
RETURNING case_id, report_id

-- name: line_up
-- A caller who waits is work with its own place, which whoever comes back has kept, and who was to be called back too.
INSERT INTO work_items (kind, case_id, call_sid, callback_id, queue, line, priority, language, due_at, arrived_at,
                        longest_at, state)
SELECT 'call', c.case_id, c.sid, b.id, %(queue)s, coalesce(k.line, 1), coalesce(k.priority, %(priority)s),
       coalesce(c.language, 'sv'), least(c.queued_at, b.arrived_at) + %(target)s, least(c.queued_at, b.arrived_at),
       least(c.queued_at, b.arrived_at) + %(longest)s, 'waiting'
FROM calls c LEFT JOIN cases k ON k.id = c.case_id LEFT JOIN call_contents t ON t.sid = c.sid
LEFT JOIN promised(c.case_id, ARRAY[t.from_number, %(phone)s::text], c.sid) AS b ON true
WHERE c.sid = %(sid)s
ON CONFLICT (call_sid) WHERE kind = 'call' AND state <> 'done'
DO UPDATE SET state = 'waiting', agent_id = NULL, epoch = work_items.epoch + 1 WHERE work_items.state = 'taken'
RETURNING callback_id

-- name: wait_on
-- A caller whose person has hung up before they met.
UPDATE calls SET room = NULL, answered_at = NULL, agent_id = NULL WHERE sid = %(sid)s AND room IS NOT NULL
RETURNING case_id, report_id

-- name: stay_in_line
-- The same work with the same place, also when it was taken for done.
UPDATE work_items SET state = 'waiting', agent_id = NULL, epoch = epoch + 1
WHERE id = (SELECT max(id) FROM work_items WHERE call_sid = %(sid)s AND kind = 'call') AND state IN ('taken', 'done')

-- name: place
-- Who waits before a call, by queue, call-backs included, but for those whose customers wait themselves; the room where
-- somebody is (or was, when they are only `taken`), or the telephone of whoever has taken its case meanwhile and is theirs.
SELECT coalesce(k.priority, w.priority, 'P3') AS priority, w.longest_at, w.queue, w.state, k.queue AS case_queue,
       (SELECT r.room FROM rings r LEFT JOIN calls l ON l.sid = r.sid
        WHERE r.room = c.room AND r.state = 'taken' AND r.purpose IN ('agent', 'oncall') AND l.ended_at IS NULL
        LIMIT 1) AS room,
       c.room IS NOT NULL AS taken,
       CASE WHEN a.browser_until > lease_now() THEN 'client:agent_' || encode(convert_to(a.id, 'UTF8'), 'hex') ELSE a.phone END AS answerer,
       EXISTS (SELECT FROM agents WHERE activity IN ('available', 'busy') AND disabled_at IS NULL AND max_calls > 0
                                   AND (phone IS NOT NULL OR browser_until > lease_now())
                                   AND (w.queue IS NULL OR queues = '{}' OR w.queue = ANY(queues))
                                   AND (sites = '{}' OR k.site_id = ANY(sites))) AS staffed, (
    SELECT jsonb_object_agg(o.queue, jsonb_build_array(o.callers, o.callbacks, o.offered)) FROM (
        SELECT o.queue, count(*) FILTER (WHERE o.kind = 'call' AND o.state = 'waiting') AS callers,
               count(*) FILTER (WHERE o.kind <> 'call' AND o.state = 'waiting') AS callbacks,
               count(*) FILTER (WHERE o.state = 'offered') AS offered
        FROM work_items o
        WHERE o.kind <> 'case' AND o.state IN ('waiting', 'offered') AND coalesce(o.not_before, lease_now()) <= lease_now()
          AND (o.priority, o.arrived_at, o.id) < (w.priority, w.arrived_at, w.id)
          AND NOT EXISTS (SELECT FROM work_items i WHERE i.callback_id = o.id AND i.state <> 'done')
        GROUP BY o.queue) AS o
) AS before
FROM calls c
LEFT JOIN work_items w ON w.call_sid = c.sid AND w.kind = 'call' AND w.state <> 'done'
LEFT JOIN cases k ON k.id = c.case_id
LEFT JOIN agents a ON a.id = holder_for(c.sid)
WHERE c.sid = %(sid)s

-- name: crews
-- Agents who answer calls, by the queues that they serve, and how many of them have nobody on the line and nothing to
-- write up. Whoever serves a few sites alone is left out: few callers are theirs.
SELECT queues, count(*) AS agents,
       count(*) FILTER (WHERE coalesce(wrap_until, lease_now()) <= lease_now() AND NOT EXISTS (
           SELECT FROM work_items w WHERE w.agent_id = a.id AND w.kind <> 'case' AND w.state IN ('offered', 'taken'))) AS free
FROM agents a
WHERE activity = 'available' AND disabled_at IS NULL AND max_calls > 0 AND sites = '{}'
  AND (phone IS NOT NULL OR browser_until > lease_now())
GROUP BY queues

-- name: paces
-- By queue since a day: how long calls took, talk and wrap-up, and how long those waited who were answered or hung up.
SELECT queue, count(ended) FILTER (WHERE kind = 'handled') AS handled,
       avg(ended) FILTER (WHERE kind = 'handled')::float8 AS handling,
       count(ended) FILTER (WHERE kind = 'queue') AS answered,
       count(*) FILTER (WHERE kind = 'queue' AND lost IS NOT NULL AND 'abandoned' = ANY(tags)) AS hung_up,
       coalesce(sum(ended) FILTER (WHERE kind = 'queue'), 0)
       + coalesce(sum(lost) FILTER (WHERE kind = 'queue' AND 'abandoned' = ANY(tags)), 0) AS waited
FROM facts WHERE day >= %(since)s AND kind IN ('handled', 'queue') GROUP BY queue

-- name: overdue
-- Callers who have waited as long as their queue allows, also to be called back, the longest first.
SELECT id, call_sid, case_id, queue, line, priority, arrived_at FROM work_items
WHERE kind IN ('call', 'callback') AND state IN ('waiting', 'offered') AND overdue_at IS NULL AND longest_at <= %(now)s
ORDER BY longest_at LIMIT 100

-- name: move_on
-- Once: whoever was answered, or moved by another worker meanwhile, is left alone, and so is who is offered to an agent
-- of the queue that they would leave.
UPDATE work_items SET overdue_at = %(now)s, queue = %(queue)s, line = %(line)s, priority = %(priority)s
WHERE id = %(item)s AND kind IN ('call', 'callback') AND overdue_at IS NULL
  AND (state = 'waiting' OR state = 'offered' AND queue = %(queue)s) RETURNING id

-- name: case_of
SELECT case_id, report_id FROM calls WHERE sid = %(sid)s

-- name: about
-- The case of a call, also of one whose report lay in the spool.
SELECT coalesce((SELECT case_id FROM calls WHERE sid = %(sid)s),
                (SELECT case_id FROM reports WHERE call_sid = %(sid)s ORDER BY id LIMIT 1)) AS case_id

-- name: rate
-- A call has one rating, the first.
UPDATE calls SET rating = %(rating)s WHERE sid = %(sid)s AND rating IS NULL RETURNING case_id, report_id

-- name: answer
-- By whoever the caller was brought to; those who are dialled from the caller's own line have the case. Nobody answers
-- a caller who has hung up before, unless they wanted to be called back.
UPDATE calls SET answered_at = %(now)s, agent_id = coalesce(
    (SELECT agent_id FROM work_items WHERE call_sid = calls.sid AND state = 'taken'),
    (SELECT assignee FROM cases WHERE id = calls.case_id))
WHERE sid = %(sid)s AND answered_at IS NULL AND (ended_at IS NULL OR ended_at >= %(now)s OR EXISTS (
    SELECT FROM work_items b WHERE b.call_sid = calls.sid AND b.kind = 'callback'))
RETURNING case_id, agent_id, extract(epoch FROM answered_at - started_at) AS response, (
              SELECT callback_id FROM work_items WHERE call_sid = calls.sid ORDER BY id DESC LIMIT 1) AS callback_id,
          extract(epoch FROM answered_at - coalesce(queued_at, (
              SELECT min(arrived_at) FROM work_items WHERE call_sid = calls.sid))) AS waited

-- name: talk
SELECT answered_at, held_at IS NOT NULL OR answered_at > %(since)s AS cut FROM calls WHERE sid = %(sid)s

-- name: leave
-- A call that no longer waits; its case stays in its queue.
UPDATE calls SET queued_at = NULL WHERE sid = %(sid)s AND queued_at IS NOT NULL AND answered_at IS NULL
RETURNING case_id, report_id

-- name: step_out
-- A caller who has hung up or left a message is no work any more; who had them, if anybody.
WITH theirs AS (
    SELECT id, CASE WHEN state = 'taken' THEN agent_id END AS agent_id FROM work_items
    WHERE call_sid = %(sid)s AND kind = 'call' AND state <> 'done' FOR UPDATE
)
UPDATE work_items w SET state = 'done', agent_id = NULL, epoch = epoch + 1
FROM theirs WHERE w.id = theirs.id RETURNING w.id, theirs.agent_id

-- name: hurry
-- Whoever told of danger in a call is the first in the queue of its case: in line, or to be called back for it or since
-- before, at once and for as long as it takes, with the arrival that they had.
UPDATE work_items w SET priority = 'P1', queue = coalesce(k.queue, 'emergency'), line = coalesce(k.line, w.line),
                        longest_at = NULL, not_before = NULL
FROM work_items o LEFT JOIN cases k ON k.id = o.case_id AND k.priority = 'P1'
WHERE w.id = o.id AND o.kind IN ('call', 'callback') AND o.state <> 'done'
  AND (o.call_sid = %(sid)s OR o.id = ANY(ARRAY(SELECT callback_id FROM work_items WHERE call_sid = %(sid)s)))

-- name: gone
-- Callers whose call has been over for a while and who are in line all the same.
SELECT w.call_sid FROM work_items w JOIN calls c ON c.sid = w.call_sid
WHERE w.kind = 'call' AND w.state IN ('waiting', 'offered') AND c.ended_at <= %(now)s - %(settling)s ORDER BY w.id LIMIT 100

-- name: withdraw
UPDATE offers SET state = 'withdrawn', answered_at = lease_now() WHERE state = 'offered' AND item_id = ANY(%(items)s::bigint[])

-- name: become_callback
-- The caller's place is kept, whoever it had been offered to.
UPDATE work_items SET kind = 'callback', state = 'waiting', agent_id = NULL, epoch = epoch + 1
WHERE call_sid = %(sid)s AND kind = 'call' AND state <> 'done' RETURNING id, callback_id

-- name: add_callback
-- Of a caller who has no place, because nobody is at work, unless they had one before, also to be called back; they are
-- moved on when they would have been in line.
INSERT INTO work_items (kind, case_id, call_sid, callback_id, queue, line, priority, language, due_at, arrived_at,
                        longest_at, state)
SELECT 'callback', c.case_id, c.sid, b.id, coalesce(k.queue, 'helpdesk'), coalesce(k.line, 1),
       coalesce(k.priority, 'P3'), coalesce(c.language, 'sv'), a.at + %(target)s, a.at,
       CASE WHEN k.priority IS DISTINCT FROM 'P1'
            THEN a.at + (%(longest)s ->> coalesce(k.queue, 'helpdesk'))::float8 * interval '1 second' END, 'waiting'
FROM calls c LEFT JOIN cases k ON k.id = c.case_id LEFT JOIN call_contents t ON t.sid = c.sid
LEFT JOIN promised(c.case_id, ARRAY[t.from_number, %(phone)s::text], c.sid) AS b ON true
CROSS JOIN LATERAL (SELECT least(%(now)s, b.arrived_at, min(o.arrived_at)) AS at
                    FROM work_items o WHERE o.call_sid = c.sid AND o.kind = 'call') AS a
WHERE c.sid = %(sid)s
ON CONFLICT (call_sid) WHERE kind = 'callback' AND state <> 'done' DO NOTHING RETURNING id, callback_id

-- name: callback_number
UPDATE call_contents SET callback = %(phone)s, callback_at = lease_now() WHERE sid = %(sid)s

-- name: callbacks_lately
-- By the database's clock: one that is wrong must not let anybody be rung without end.
SELECT count(*) AS n FROM call_contents
WHERE callback = %(phone)s AND callback_at > lease_now() - interval '1 day' AND sid <> %(sid)s

-- name: leave_line
UPDATE calls SET queued_at = NULL WHERE sid = %(sid)s RETURNING case_id, report_id
