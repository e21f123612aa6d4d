-- name: add
INSERT INTO rings (purpose, case_id, agent_id, climb_id, step, item_id, offer_id, phone, state, due_at, created_at)
VALUES (%(purpose)s, %(case)s, %(agent)s, %(climb)s, %(step)s, %(item)s, %(offer)s, %(phone)s, 'due', %(now)s, %(now)s)
ON CONFLICT DO NOTHING RETURNING id

-- name: lease
-- Telephones to ring now; whoever takes one moves its due time, so that nobody else rings it meanwhile.
UPDATE rings r SET attempts = r.attempts + 1, lease_epoch = r.lease_epoch + 1, due_at = %(now)s + interval '30 seconds',
                   tried_at = coalesce(r.tried_at, %(now)s)
FROM (SELECT id FROM rings WHERE state = 'due' AND due_at <= %(now)s ORDER BY due_at LIMIT 20
      FOR UPDATE SKIP LOCKED) AS taken, rings AS before
WHERE r.id = taken.id AND before.id = r.id
RETURNING r.id, r.purpose, r.case_id, r.agent_id, r.phone, r.climb_id, r.step, r.offer_id, r.attempts, r.lease_epoch, r.created_at,
          before.tried_at

-- name: others
-- Calls that are known to be those of other rings to a number.
SELECT sid FROM rings WHERE sid IS NOT NULL AND created_at > %(since)s

-- name: rung
UPDATE rings SET state = 'ringing', sid = %(sid)s, due_at = %(due)s
WHERE id = %(ring)s AND lease_epoch = %(epoch)s AND state = 'due'

-- name: again
UPDATE rings SET due_at = %(due)s, reason = %(reason)s
WHERE id = %(ring)s AND lease_epoch = %(epoch)s AND state = 'due'

-- name: end
UPDATE rings SET state = %(state)s, reason = %(reason)s, ended_at = %(now)s, due_at = NULL, phone = NULL, room = %(room)s
WHERE id = %(ring)s AND state IN ('due', 'ringing') RETURNING id

-- name: over
-- Telephones that nobody took: the call to them has ended, or its last word never came.
SELECT r.id, r.case_id, r.agent_id, r.climb_id, r.step, r.offer_id, r.purpose, k.status FROM rings r LEFT JOIN calls k ON k.sid = r.sid
WHERE r.state = 'ringing' AND (k.ended_at IS NOT NULL OR r.due_at <= %(now)s) ORDER BY r.id LIMIT 100

-- name: find
SELECT r.*, a.name, a.role, a.language, a.activity FROM rings r LEFT JOIN agents a ON a.id = r.agent_id
WHERE r.id = %(ring)s

-- name: of_climb
-- Telephones that still ring for a ladder.
SELECT id, sid FROM rings WHERE climb_id = %(climb)s AND state IN ('due', 'ringing')

-- name: caller
-- The caller who waits in this call, or else for this case, and the turn they are at.
SELECT sid, turn FROM calls
WHERE CASE WHEN %(sid)s::text IS NULL THEN case_id = %(case)s ELSE sid = %(sid)s END
  AND queued_at IS NOT NULL AND answered_at IS NULL AND ended_at IS NULL
ORDER BY queued_at LIMIT 1

-- name: meet
-- Somebody waits for a caller, whose work is theirs now; the last resort holds none.
WITH taken AS (
    UPDATE work_items SET state = CASE WHEN %(agent)s::text IS NULL THEN 'done' ELSE 'taken' END, agent_id = %(agent)s,
                          epoch = epoch + 1
    WHERE call_sid = %(sid)s AND kind = 'call' AND state IN ('waiting', 'offered') RETURNING id
), withdrawn AS (
    UPDATE offers SET state = 'withdrawn', answered_at = lease_now()
    WHERE state = 'offered' AND item_id IN (SELECT id FROM taken)
)
UPDATE calls SET room = %(room)s WHERE sid = %(sid)s AND ended_at IS NULL

-- name: spent
-- Calls to telephones since a moment, and those that are for emergencies.
SELECT count(*) AS rung, count(*) FILTER (WHERE purpose = 'oncall') AS urgent FROM rings
WHERE tried_at > %(since)s

-- name: add_for_offer
-- The telephone of whoever is offered a caller.
INSERT INTO rings (purpose, case_id, agent_id, item_id, offer_id, phone, state, due_at, created_at)
SELECT 'agent', w.case_id, a.id, w.id, %(offer)s,
       CASE WHEN a.browser_until > %(now)s THEN 'client:agent_' || encode(convert_to(a.id, 'UTF8'), 'hex') ELSE a.phone END,
       'due', %(now)s, %(now)s
FROM work_items w, agents a
WHERE w.id = %(item)s AND a.id = %(agent)s AND (a.phone IS NOT NULL OR a.browser_until > %(now)s)
ON CONFLICT DO NOTHING

-- name: add_customer
-- The customer's own telephone, which the colleague's call is led to.
INSERT INTO rings (purpose, case_id, agent_id, item_id, state, due_at, created_at, tried_at)
VALUES ('customer', %(case)s, %(agent)s, %(item)s, 'ringing', %(until)s, %(now)s, %(now)s) RETURNING id

-- name: customer_of
-- The last try to reach the customer of a call-back.
SELECT id, state FROM rings WHERE item_id = %(item)s AND purpose = 'customer' ORDER BY id DESC LIMIT 1

-- name: wanted
-- What a caller's item is about: the number to call back, and the case.
SELECT w.id, w.kind, w.state, w.tries, w.case_id, w.call_sid, w.language, t.state ->> 'callback' AS phone
FROM work_items w LEFT JOIN call_contents t ON t.sid = w.call_sid WHERE w.id = %(item)s

-- name: unsettled
-- Colleagues who took a caller and whose own call is over, although nobody has said how it ended.
SELECT r.id, r.item_id, r.agent_id, w.kind FROM rings r
JOIN work_items w ON w.id = r.item_id AND w.state = 'taken' AND w.agent_id = r.agent_id
JOIN calls k ON k.sid = r.sid
WHERE r.purpose = 'agent' AND r.state = 'taken' AND k.ended_at IS NOT NULL ORDER BY r.id LIMIT 50
