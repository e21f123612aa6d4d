-- name: add
INSERT INTO work_items (kind, case_id, queue, line, priority, language, region, due_at, arrived_at, state)
SELECT 'case', r.id, r.queue, r.line, r.priority, r.language, NULL, r.due_first_response, r.opened_at, 'waiting'
FROM jsonb_to_recordset(%(rows)s) AS r(
    id bigint, queue text, line smallint, priority text, language text, due_first_response timestamptz,
    opened_at timestamptz)

-- name: regrade
-- The waiting work of cases that grew, with its original place among its equals.
UPDATE work_items w SET queue = r.queue, priority = r.priority, due_at = coalesce(r.due_first_response, w.due_at)
FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, queue text, priority text, due_first_response timestamptz)
WHERE w.case_id = r.id AND w.kind = 'case' AND w.state <> 'done'

-- name: revive
-- A reopened case is work again, at the front of its equals: it keeps the arrival of the case.
INSERT INTO work_items (kind, case_id, queue, line, priority, language, due_at, arrived_at, state)
SELECT 'case', c.id, r.queue, c.line, r.priority, c.language, r.due_first_response, c.opened_at, 'waiting'
FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, queue text, priority text, due_first_response timestamptz)
JOIN cases c ON c.id = r.id
ON CONFLICT (case_id) WHERE kind = 'case' AND state <> 'done'
DO UPDATE SET state = 'waiting', agent_id = NULL, queue = excluded.queue, priority = excluded.priority

-- name: take
UPDATE work_items SET state = 'taken', agent_id = %(agent)s, epoch = epoch + 1
WHERE case_id = %(case)s AND kind = 'case' AND state <> 'done'

-- name: give_back
UPDATE work_items SET state = 'waiting', agent_id = NULL, queue = %(queue)s, line = %(line)s, epoch = epoch + 1
WHERE case_id = %(case)s AND kind = 'case' AND state <> 'done'

-- name: finish
UPDATE work_items SET state = 'done', agent_id = NULL, epoch = epoch + 1
WHERE case_id = %(case)s AND kind = 'case' AND state <> 'done'

-- name: withdraw_offers
UPDATE offers SET state = 'withdrawn', answered_at = %(now)s
WHERE state = 'offered'
  AND item_id IN (SELECT id FROM work_items WHERE case_id = %(case)s)

-- name: regrade_one
UPDATE work_items SET queue = %(queue)s, priority = %(priority)s
WHERE case_id = %(case)s AND kind = 'case' AND state <> 'done'

-- name: renew
-- A reopened case goes back into its queue with the arrival it always had.
INSERT INTO work_items (kind, case_id, queue, line, priority, language, due_at, arrived_at, state)
SELECT 'case', id, queue, line, priority, language, due_first_response, opened_at, 'waiting' FROM cases
WHERE id = %(case)s
ON CONFLICT (case_id) WHERE kind = 'case' AND state <> 'done' DO UPDATE SET state = 'waiting', agent_id = NULL
