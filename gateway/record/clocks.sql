-- name: pauses
-- What stood still in the present interval, as the timeline tells it.
SELECT data -> 'paused' AS paused FROM timeline
WHERE case_id = %(case)s AND kind = 'resumed' AND at >= %(since)s AND data ? 'paused' ORDER BY id

-- name: mark
INSERT INTO sla_marks (case_id, target, due, kind, at) VALUES (%(case)s, %(target)s, %(due)s, %(kind)s, %(now)s)
ON CONFLICT DO NOTHING

-- name: to_mark
-- Cases with a target that is due soon or was missed, and of which that has not been said.
SELECT DISTINCT c.id
FROM cases c
CROSS JOIN LATERAL (VALUES ('first_response', c.due_first_response), ('next_update', c.due_next_update),
                           ('solution', c.due_solution)) AS t(target, due)
WHERE c.status IN ('open', 'assigned', 'waiting', 'planned')
  AND least(c.due_first_response, c.due_next_update, c.due_solution) <= %(horizon)s
  AND t.due <= %(now)s::timestamptz + (%(leads)s::jsonb ->> c.priority)::interval
  AND NOT EXISTS (SELECT FROM sla_marks m WHERE m.case_id = c.id AND m.target = t.target AND m.due = t.due
                  AND m.kind = CASE WHEN t.due <= %(now)s THEN 'breached' ELSE 'warned' END)
ORDER BY c.id LIMIT 200

-- name: to_tell
SELECT id FROM cases
WHERE told_solution IS DISTINCT FROM due_solution AND due_solution IS NOT NULL AND paused_at IS NULL
  AND status IN ('open', 'assigned', 'waiting', 'planned')
ORDER BY id LIMIT 200
