-- name: staffed
-- Whether anybody is at work who can be reached on a telephone.
SELECT EXISTS (
    SELECT FROM agents WHERE activity IN ('available', 'busy') AND phone IS NOT NULL AND disabled_at IS NULL
) AS staffed

-- name: enter
-- The first entry keeps its time, so that whoever comes back has lost nothing.
UPDATE calls SET queued_at = coalesce(queued_at, %(now)s), report_id = coalesce(report_id, %(report)s),
                 case_id = coalesce(case_id, (SELECT case_id FROM reports WHERE id = %(report)s))
WHERE sid = %(sid)s
RETURNING case_id, report_id

-- name: place
-- How many wait before a call, the telephone of whoever has taken its case since it began, and how many calls were
-- answered in the last hour.
SELECT (
    SELECT count(*) FROM calls o LEFT JOIN cases oc ON oc.id = o.case_id
    WHERE o.queued_at IS NOT NULL AND o.answered_at IS NULL AND o.ended_at IS NULL AND o.sid <> c.sid
      AND (coalesce(oc.priority, 'P3'), o.queued_at, o.sid) < (coalesce(k.priority, 'P3'), c.queued_at, c.sid)
) AS ahead, coalesce(k.priority, 'P3') AS priority, a.phone AS answerer, (
    SELECT count(*) FROM calls WHERE answered_at > %(hour_ago)s
) AS answered
FROM calls c
LEFT JOIN cases k ON k.id = c.case_id
LEFT JOIN agents a ON a.id = k.assignee AND k.assigned_at >= c.started_at AND a.disabled_at IS NULL
WHERE c.sid = %(sid)s

-- name: case_of
SELECT case_id, report_id FROM calls WHERE sid = %(sid)s

-- name: answer
UPDATE calls SET answered_at = %(now)s, agent_id = (SELECT assignee FROM cases WHERE id = calls.case_id)
WHERE sid = %(sid)s AND answered_at IS NULL
RETURNING case_id, agent_id, extract(epoch FROM answered_at - started_at) AS response,
          extract(epoch FROM answered_at - queued_at) AS waited

-- name: leave
-- A call that no longer waits; its case stays in its queue.
UPDATE calls SET queued_at = NULL WHERE sid = %(sid)s AND queued_at IS NOT NULL AND answered_at IS NULL
RETURNING case_id, report_id
