-- name: add
INSERT INTO rings (purpose, case_id, agent_id, climb_id, step, item_id, offer_id, phone, state, due_at, created_at)
VALUES (%(purpose)s, %(case)s, %(agent)s, %(climb)s, %(step)s, %(item)s, %(offer)s, %(phone)s, 'due', lease_now(), lease_now())
ON CONFLICT DO NOTHING RETURNING id

-- name: lease
-- Telephones to ring now; whoever takes one moves its due time, so that nobody else rings it meanwhile.
UPDATE rings r SET attempts = r.attempts + 1, lease_epoch = r.lease_epoch + 1, due_at = lease_now() + interval '30 seconds',
                   tried_at = coalesce(r.tried_at, lease_now())
FROM (SELECT id FROM rings WHERE state = 'due' AND due_at <= lease_now() ORDER BY due_at LIMIT 20
      FOR UPDATE SKIP LOCKED) AS taken, rings AS before
WHERE r.id = taken.id AND before.id = r.id
RETURNING r.id, r.purpose, r.case_id, r.agent_id, r.phone, r.climb_id, r.step, r.offer_id, r.item_id, r.room, r.attempts,
          r.lease_epoch, lease_now() - r.created_at AS age, before.tried_at

-- name: others
-- Calls of a day that are known to be those of other rings.
SELECT sid FROM rings WHERE sid IS NOT NULL AND created_at > lease_now() - %(lately)s

-- name: rung
UPDATE rings SET state = 'ringing', sid = %(sid)s, due_at = lease_now() + %(silent)s
WHERE id = %(ring)s AND lease_epoch = %(epoch)s AND state = 'due'

-- name: again
UPDATE rings SET due_at = lease_now() + %(wait)s, reason = %(reason)s
WHERE id = %(ring)s AND lease_epoch = %(epoch)s AND state = 'due'

-- name: end
-- What rang in a browser was no call to a telephone, and is not counted as one.
UPDATE rings SET state = %(state)s, reason = %(reason)s, ended_at = %(now)s, due_at = NULL, phone = NULL, leads_to = NULL,
                 room = %(room)s, tried_at = CASE WHEN phone LIKE 'client:%%' THEN NULL ELSE tried_at END
WHERE id = %(ring)s AND state IN ('due', 'ringing') RETURNING id

-- name: brought
-- The provider has answered whether the caller comes.
UPDATE rings SET reason = NULL WHERE id = %(ring)s AND state = 'taken'

-- name: over
-- Telephones that nobody took: the call to them has ended, or its last word never came.
SELECT r.id, r.case_id, r.agent_id, r.climb_id, r.step, r.offer_id, r.item_id, r.room, r.purpose, r.sid, r.reason, k.status
FROM rings r LEFT JOIN calls k ON k.sid = r.sid
WHERE r.state = 'ringing' AND (k.ended_at IS NOT NULL OR r.due_at <= lease_now()) ORDER BY r.id LIMIT 100

-- name: find
SELECT r.*, a.name, a.role, a.language, a.activity FROM rings r LEFT JOIN agents a ON a.id = r.agent_id
WHERE r.id = %(ring)s

-- name: of_climb
-- Telephones that still ring for a ladder.
SELECT id, sid FROM rings WHERE climb_id = %(climb)s AND state IN ('due', 'ringing')

-- name: rung_for
-- Whose telephones have been rung for a ladder, in order; null is the last resort.
SELECT agent_id FROM rings WHERE climb_id = %(climb)s ORDER BY step

-- name: caller_gone
-- The caller for whom a telephone rang, if they hung up before they met anybody.
SELECT k.sid FROM rings r LEFT JOIN climbs b ON b.id = r.climb_id
LEFT JOIN work_items w ON w.id = r.item_id AND w.kind = 'call'
JOIN calls k ON k.sid = coalesce(b.call_sid, w.call_sid)
WHERE r.id = %(ring)s AND k.ended_at IS NOT NULL AND k.answered_at IS NULL
  AND NOT EXISTS (SELECT FROM work_items o WHERE o.call_sid = k.sid AND o.kind = 'callback')

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

-- name: bring
-- The first who waits to be called back about this case, or by this call, is brought to whoever has answered a ladder;
-- one who is on the line to us meanwhile only when there is no other.
WITH theirs AS (
    UPDATE work_items SET state = 'taken', agent_id = %(agent)s, epoch = epoch + 1
    WHERE state = 'waiting' AND id = (
        SELECT w.id FROM work_items w JOIN call_contents t ON t.sid = w.call_sid AND t.callback IS NOT NULL
        WHERE w.kind = 'callback' AND w.state = 'waiting' AND coalesce(w.not_before, lease_now()) <= lease_now()
          AND CASE WHEN %(sid)s::text IS NULL THEN w.case_id = %(case)s ELSE w.call_sid = %(sid)s END
          AND NOT EXISTS (SELECT FROM rings r
                          WHERE r.item_id = w.id AND r.purpose = 'customer' AND r.state IN ('due', 'ringing'))
        ORDER BY EXISTS (SELECT FROM calls c JOIN call_contents o ON o.sid = c.sid
                         WHERE c.ended_at IS NULL AND c.started_at > lease_now() - interval '4 hours'
                           AND c.direction = 'inbound' AND o.from_number = t.callback AND c.sid <> w.call_sid),
                 w.arrived_at, w.id LIMIT 1)
    RETURNING id, call_sid
), brought AS (
    UPDATE rings r SET item_id = theirs.id FROM theirs WHERE r.id = %(ring)s
)
SELECT id, call_sid FROM theirs

-- name: spent
-- Calls to telephones within a time: of customers, of an emergency's ladder, or of colleagues.
SELECT count(*) AS rung FROM rings
WHERE tried_at > lease_now() - %(lately)s AND reason IS DISTINCT FROM 'cap'
  AND CASE WHEN purpose IN ('customer', 'oncall') THEN purpose ELSE 'colleagues' END = %(whose)s

-- name: add_for_offer
-- The telephone of whoever is offered a caller.
INSERT INTO rings (purpose, case_id, agent_id, item_id, offer_id, phone, state, due_at, created_at)
SELECT 'agent', w.case_id, a.id, w.id, %(offer)s,
       CASE WHEN a.browser_until > lease_now() THEN 'client:agent_' || encode(convert_to(a.id, 'UTF8'), 'hex') ELSE a.phone END,
       'due', lease_now(), lease_now()
FROM work_items w, agents a
WHERE w.id = %(item)s AND a.id = %(agent)s AND (a.phone IS NOT NULL OR a.browser_until > lease_now())
ON CONFLICT DO NOTHING

-- name: put_through
-- The telephone of whoever has taken the case of a caller who waits.
INSERT INTO rings (purpose, case_id, agent_id, item_id, phone, state, due_at, created_at)
SELECT 'agent', w.case_id, a.id, w.id,
       CASE WHEN a.browser_until > lease_now() THEN 'client:agent_' || encode(convert_to(a.id, 'UTF8'), 'hex') ELSE a.phone END,
       'due', lease_now(), lease_now()
FROM work_items w JOIN cases c ON c.id = w.case_id JOIN agents a ON a.id = c.assignee
WHERE w.call_sid = %(sid)s AND w.kind = 'call' AND w.state <> 'done'
ON CONFLICT DO NOTHING RETURNING id

-- name: put_through_before
-- The last time that whoever has the case of a caller who waits was rung for them in vain, offers included.
SELECT r.state, r.created_at > lease_now() - %(ringing)s AS fresh FROM work_items w JOIN cases c ON c.id = w.case_id
JOIN rings r ON r.item_id = w.id AND r.agent_id = c.assignee AND r.purpose = 'agent' AND r.state <> 'taken'
WHERE w.call_sid = %(sid)s AND w.kind = 'call' AND w.state <> 'done' ORDER BY r.id DESC LIMIT 1

-- name: add_outgoing
-- The telephone of an agent who calls a customer, and the work that it is meanwhile; none for whoever has no telephone
-- or is on it.
WITH item AS (
    INSERT INTO work_items (kind, case_id, callback_id, queue, line, priority, language, arrived_at, state, agent_id)
    SELECT 'outgoing', c.id, b.id, c.queue, c.line, c.priority, c.language, %(now)s, 'taken', a.id
    FROM cases c JOIN agents a ON true LEFT JOIN promised(c.id, ARRAY[%(number)s::text]) AS b ON true
    WHERE c.id = %(case)s AND a.id = %(agent)s AND (a.phone IS NOT NULL OR a.browser_until > lease_now())
      AND NOT EXISTS (SELECT FROM work_items w
                      WHERE w.agent_id = a.id AND w.kind <> 'case' AND w.state IN ('offered', 'taken'))
      AND NOT EXISTS (SELECT FROM attending t WHERE t.agent_id = a.id)
    RETURNING id, callback_id
)
INSERT INTO rings (purpose, case_id, agent_id, item_id, phone, leads_to, state, due_at, created_at)
SELECT 'outgoing', %(case)s, a.id, item.id,
       CASE WHEN a.browser_until > lease_now() THEN 'client:agent_' || encode(convert_to(a.id, 'UTF8'), 'hex') ELSE a.phone END,
       %(number)s, 'due', lease_now(), lease_now()
FROM item, agents a WHERE a.id = %(agent)s RETURNING id, (SELECT callback_id FROM item) AS callback_id

-- name: add_customer
-- The customer's own telephone, rung into the room where the colleague waits.
INSERT INTO rings (purpose, case_id, agent_id, item_id, phone, room, state, due_at, created_at)
VALUES ('customer', %(case)s, %(agent)s, %(item)s, %(phone)s, %(room)s, 'due', lease_now(), lease_now())

-- name: customer_answers
-- The customer's leg is a call of the case, also when the provider's first word of it was lost.
INSERT INTO calls (sid, direction, status, status_rank, case_id, agent_id, started_at, answered_at)
VALUES (%(sid)s, 'outbound', 'in-progress', 2, %(case)s, %(agent)s, %(now)s, %(now)s)
ON CONFLICT (sid) DO UPDATE SET case_id = excluded.case_id, agent_id = excluded.agent_id,
                                answered_at = coalesce(calls.answered_at, excluded.answered_at)

-- name: waits_in
-- Whose telephone waits in a room for a customer.
SELECT id, sid FROM rings
WHERE room = %(room)s AND purpose IN ('agent', 'oncall', 'outgoing') AND state = 'taken' AND sid IS NOT NULL ORDER BY id DESC LIMIT 1

-- name: add_first
-- The telephone of a customer who is rung first, and the room where whoever comes to them will be.
INSERT INTO rings (purpose, case_id, item_id, phone, room, state, due_at, created_at)
SELECT 'customer', w.case_id, w.id, t.callback, 'back-' || w.id || '-' || w.epoch, 'due', lease_now(), lease_now()
FROM work_items w JOIN call_contents t ON t.sid = w.call_sid
WHERE w.id = %(item)s AND t.callback IS NOT NULL
RETURNING id

-- name: first_ring
-- The customer who is rung first, or has answered and is on the line.
SELECT r.id, r.state, r.sid, r.room FROM rings r LEFT JOIN calls k ON k.sid = r.sid
WHERE r.item_id = %(item)s AND r.purpose = 'customer' AND r.state IN ('due', 'ringing', 'taken') AND r.room LIKE 'back-%%'
  AND k.ended_at IS NULL AND r.created_at > lease_now() - interval '1 hour'
ORDER BY r.id DESC LIMIT 1

-- name: take_first
UPDATE rings SET state = 'taken', sid = coalesce(sid, %(sid)s), ended_at = %(now)s, due_at = NULL, phone = NULL
WHERE id = %(ring)s AND state IN ('due', 'ringing') RETURNING id

-- name: met
-- The customer was told to go into the room.
UPDATE rings SET reason = 'met' WHERE id = %(ring)s AND state = 'taken' AND reason IS DISTINCT FROM 'met'

-- name: let_go_first
-- Once: a customer who waited and met nobody.
UPDATE rings SET state = 'missed', reason = %(reason)s WHERE id = %(ring)s AND state = 'taken' RETURNING id

-- name: spare
-- Telephones of colleagues that need not ring for an item any more.
UPDATE rings SET state = 'missed', reason = 'put off', ended_at = %(now)s, due_at = NULL, phone = NULL
WHERE item_id = %(item)s AND purpose = 'agent' AND state = 'due'

-- name: hung_up_waiting
-- Customers who answered, and whose call was over before anybody came.
SELECT r.id, r.case_id, r.item_id FROM work_items w
JOIN rings r ON r.item_id = w.id AND r.purpose = 'customer' AND r.state = 'taken' AND r.room LIKE 'back-%%'
JOIN calls k ON k.sid = r.sid AND k.ended_at IS NOT NULL
WHERE w.kind = 'callback' AND w.state IN ('waiting', 'offered') ORDER BY r.id LIMIT 50

-- name: customer_of
-- The last try to reach the customer of a call; `kept_waiting` when they answered first and never met anybody, or have
-- picked up and not been asked to the end.
SELECT r.id, r.state, r.sid, r.reason,
       r.room LIKE 'back-%%' AND r.reason IS DISTINCT FROM 'met'
       OR r.state = 'ringing' AND k.status IS NOT DISTINCT FROM 'in-progress' AS kept_waiting
FROM rings r LEFT JOIN calls k ON k.sid = r.sid
WHERE r.item_id = %(item)s AND r.purpose = 'customer' ORDER BY r.id DESC LIMIT 1

-- name: wanted
-- What a caller's item is about: the number to call back, unless they are on another way to somebody, and the case. Of
-- several people with one number only who speaks about the same is taken for the same.
SELECT w.id, w.kind, w.state, w.queue, w.agent_id, w.tries, w.case_id, w.call_sid, w.callback_id, w.language, w.priority,
       t.callback AS phone, coalesce(w.not_before > lease_now(), false) AS later,
       EXISTS (SELECT FROM work_items i WHERE i.callback_id = w.id AND i.state <> 'done')
       OR w.kind = 'callback' AND EXISTS (
           SELECT FROM calls c JOIN call_contents o ON o.sid = c.sid
           WHERE c.ended_at IS NULL AND c.started_at > lease_now() - interval '4 hours' AND c.direction = 'inbound'
             AND o.from_number = t.callback AND c.sid <> w.call_sid
             AND (c.case_id IS NULL OR c.case_id = w.case_id OR one_persons(t.callback, t.state))) AS crossed
FROM work_items w LEFT JOIN call_contents t ON t.sid = w.call_sid WHERE w.id = %(item)s

-- name: promised
SELECT id FROM promised(%(case)s::bigint, ARRAY[%(phone)s::text], %(call_sid)s)

-- name: unsettled
-- Colleagues, or the last resort, who took a caller and whose own call is over, although nobody has said how it ended;
-- of several calls to the same colleague, the last. A talk that goes on with somebody who came to it has not ended.
SELECT r.id, r.item_id, r.agent_id, w.kind, w.call_sid FROM rings r
JOIN work_items w ON w.id = r.item_id AND w.state = 'taken' AND w.agent_id IS NOT DISTINCT FROM r.agent_id
JOIN calls k ON k.sid = r.sid
WHERE r.purpose IN ('agent', 'oncall', 'outgoing') AND r.state = 'taken' AND k.ended_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM rings n WHERE n.item_id = r.item_id AND n.agent_id IS NOT DISTINCT FROM r.agent_id AND n.id > r.id
                                        AND n.purpose IN ('agent', 'oncall', 'outgoing') AND n.state = 'taken')
  AND NOT EXISTS (SELECT FROM rings o WHERE o.room = r.room AND o.state = 'taken' AND o.purpose IN ('consult', 'join')
                                        AND o.sid IS NOT NULL AND NOT EXISTS (SELECT FROM calls c WHERE c.sid = o.sid AND c.ended_at IS NOT NULL))
ORDER BY r.id LIMIT 50

-- name: callers_alone
-- Callers whose last turn led into a room that all others have left a while ago, and whether they met somebody there; of
-- whom nothing is heard for long is for the provider's lists.
SELECT c.sid, c.turn, gone.at > t.at + %(together)s AS met FROM calls c JOIN call_turns t ON t.sid = c.sid AND t.turn = c.turn CROSS JOIN LATERAL (
    SELECT max(coalesce(k.ended_at, 'infinity')) AS at FROM rings r LEFT JOIN calls k ON k.sid = r.sid
    WHERE r.room = c.room AND r.state = 'taken' AND r.purpose IN ('agent', 'oncall', 'consult', 'join')) AS gone
WHERE c.ended_at IS NULL AND strpos(t.answer, '>' || c.room || '</Conference>') > 0
  AND gone.at BETWEEN %(now)s - interval '10 minutes' AND %(now)s - %(together)s
ORDER BY c.started_at LIMIT 50

-- name: customers_alone
-- Customers who are left in the room of a call-back, or of a call to them; they met somebody there, or came just when
-- whoever called had left it.
SELECT r.id, r.sid, r.case_id, r.item_id, gone.at > greatest(r.ended_at, gone.came) + %(together)s AS met
FROM calls c JOIN rings r ON r.sid = c.sid CROSS JOIN LATERAL (
    SELECT max(coalesce(k.ended_at, 'infinity')) AS at, min(o.ended_at) AS came FROM rings o LEFT JOIN calls k ON k.sid = o.sid
    WHERE o.room = r.room AND o.state = 'taken' AND o.purpose <> 'customer') AS gone
WHERE c.ended_at IS NULL AND r.purpose = 'customer' AND r.state = 'taken'
  AND (r.room LIKE 'out-%%' OR r.room LIKE 'back-%%' AND r.reason = 'met')
  AND gone.at BETWEEN %(now)s - interval '10 minutes' AND %(now)s - %(together)s
ORDER BY c.started_at LIMIT 50

-- name: colleagues_alone
-- Legs that still wait in the room of a caller whose call has been over for a while.
SELECT k.sid FROM calls k JOIN rings r ON r.sid = k.sid JOIN calls c ON c.sid = substr(r.room, 6)
WHERE k.ended_at IS NULL AND r.state = 'taken' AND r.room LIKE 'call-%%'
  AND c.ended_at BETWEEN %(now)s - interval '10 minutes' AND %(now)s - %(together)s
ORDER BY r.id LIMIT 50

-- name: stood_up
-- Legs that wait for a caller who never came into their room.
SELECT r.sid FROM rings r JOIN calls c ON c.sid = %(caller)s JOIN call_turns t ON t.sid = c.sid AND t.turn = c.turn
WHERE r.room = 'call-' || %(caller)s AND r.state = 'taken' AND r.sid IS NOT NULL
  AND strpos(t.answer, '>' || r.room || '</Conference>') = 0
  AND NOT EXISTS (SELECT FROM calls k WHERE k.sid = r.sid AND k.ended_at IS NOT NULL)
