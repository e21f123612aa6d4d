-- name: here
-- An agent's browser says that it answers, or that it does not any more.
UPDATE agents SET browser_until = lease_now() + %(lasts)s WHERE id = %(agent)s

-- name: of_agent
-- The talk that an agent is in now: their own leg, the room, the caller or the customer who was called.
SELECT r.id AS ring, r.sid AS leg, r.room, r.purpose, r.hand_at, c.sid AS caller, c.case_id, c.held_at, c.silenced_at,
       c.direction, c.language, o.queue, o.site_id, o.assignee
FROM rings r JOIN calls c ON c.sid = CASE WHEN r.room LIKE 'call-%%' THEN substr(r.room, 6) ELSE (
    SELECT k.sid FROM rings k WHERE k.room = r.room AND k.purpose = 'customer' AND k.state = 'taken') END
LEFT JOIN cases o ON o.id = c.case_id
WHERE r.agent_id = %(agent)s AND r.purpose <> 'customer' AND r.state = 'taken' AND r.sid IS NOT NULL AND c.ended_at IS NULL
  AND NOT EXISTS (SELECT FROM calls k WHERE k.sid = r.sid AND k.ended_at IS NOT NULL)
ORDER BY r.id DESC LIMIT 1

-- name: live
-- Every talk, for those who may listen; raised hands first.
SELECT r.agent_id, a.name, r.sid AS leg, r.room, r.hand_at, c.sid AS caller, c.case_id, r.ended_at AS since,
       o.queue, o.site_id, o.assignee
FROM calls c LEFT JOIN cases o ON o.id = c.case_id
JOIN rings r ON r.room = CASE c.direction WHEN 'inbound' THEN 'call-' || c.sid ELSE (
    SELECT k.room FROM rings k WHERE k.sid = c.sid AND k.purpose = 'customer' AND k.state = 'taken') END
LEFT JOIN agents a ON a.id = r.agent_id
WHERE r.state = 'taken' AND r.purpose IN ('agent', 'oncall', 'outgoing') AND c.ended_at IS NULL
  AND c.answered_at IS NOT NULL AND c.answered_at > %(now)s - interval '4 hours'
  AND NOT EXISTS (SELECT FROM calls k WHERE k.sid = r.sid AND k.ended_at IS NOT NULL)
ORDER BY r.hand_at, r.id LIMIT 200

-- name: others
-- Who else was rung into a room, and whether they are in it.
SELECT r.id AS ring, r.agent_id, r.sid AS leg, r.purpose, r.state FROM rings r
WHERE r.room = %(room)s AND r.id <> %(ring)s AND r.purpose <> 'customer' AND r.state IN ('due', 'ringing', 'taken')
  AND NOT EXISTS (SELECT FROM calls k WHERE k.sid = r.sid AND k.ended_at IS NOT NULL)
ORDER BY r.id

-- name: in_vain
-- The colleague who was asked last into a room, if they did not come, a minute ago or less.
SELECT agent_id, state FROM (
    SELECT r.agent_id, r.state, r.ended_at FROM rings r
    WHERE r.room = %(room)s AND r.purpose = 'consult' ORDER BY r.id DESC LIMIT 1
) AS last
WHERE state IN ('missed', 'passed', 'failed') AND ended_at > %(now)s - interval '1 minute'

-- name: one_by_one
-- Whoever is rung into rooms is so once at a time.
SELECT FROM agents WHERE id = %(agent)s FOR NO KEY UPDATE

-- name: invite
INSERT INTO rings (purpose, case_id, agent_id, phone, room, state, due_at, created_at)
SELECT %(purpose)s, %(case)s, a.id,
       CASE WHEN a.browser_until > lease_now() THEN 'client:agent_' || encode(convert_to(a.id, 'UTF8'), 'hex') ELSE a.phone END,
       %(room)s, 'due', lease_now(), lease_now()
FROM agents a
WHERE a.id = %(agent)s AND a.disabled_at IS NULL AND (a.phone IS NOT NULL OR a.browser_until > lease_now())
  AND NOT EXISTS (SELECT FROM rings r WHERE r.room = %(room)s AND r.agent_id = a.id AND r.state IN ('due', 'ringing', 'taken')
                      AND NOT EXISTS (SELECT FROM calls k WHERE k.sid = r.sid AND k.ended_at IS NOT NULL))
RETURNING id

-- name: reseat
-- A lead in a talk does something else there from now on, unless the talk became theirs meanwhile.
UPDATE rings SET purpose = %(purpose)s WHERE id = %(ring)s AND purpose IN ('listen', 'coach', 'join')

-- name: answers
-- Colleagues who could be asked now.
SELECT a.id, a.name, a.line FROM agents a
WHERE a.activity = 'available' AND a.disabled_at IS NULL AND a.id <> %(agent)s
  AND (a.phone IS NOT NULL OR a.browser_until > lease_now())
  AND NOT EXISTS (SELECT FROM work_items w WHERE w.agent_id = a.id AND w.kind <> 'case' AND w.state IN ('offered', 'taken'))
  AND NOT EXISTS (SELECT FROM attending t WHERE t.agent_id = a.id)
ORDER BY a.line, a.idle_since, a.id LIMIT 100

-- name: hold
UPDATE calls SET held_at = %(at)s WHERE sid = %(caller)s

-- name: hand
-- Raised or lowered, once.
UPDATE rings SET hand_at = %(at)s WHERE id = %(ring)s AND (hand_at IS NULL) = (%(at)s::timestamptz IS NOT NULL)
RETURNING id

-- name: silence
UPDATE calls SET silenced_at = %(at)s WHERE sid = %(caller)s

-- name: forbidden
-- Talks that go on, are not silenced yet, and whose case is in one of these queues, with what the call has told.
SELECT c.sid AS caller, c.case_id, k.queue, t.state -> 'call' AS state
FROM calls c JOIN cases k ON k.id = c.case_id JOIN call_contents t ON t.sid = c.sid
WHERE c.direction = 'inbound' AND c.ended_at IS NULL AND c.silenced_at IS NULL
  AND c.answered_at IS NOT NULL AND c.answered_at > %(now)s - interval '4 hours' AND k.queue = ANY(%(queues)s::text[]) AND t.state ? 'call'

-- name: give
-- The talk is the colleague's work, whose leg is now the one that ends it.
WITH item AS (
    UPDATE work_items SET agent_id = %(to)s, epoch = epoch + 1
    WHERE ((call_sid = %(caller)s AND kind = 'call') OR id = (SELECT item_id FROM rings WHERE id = %(ring)s))
      AND state = 'taken' RETURNING id
), left_behind AS (
    UPDATE rings SET item_id = NULL WHERE id = %(ring)s
)
UPDATE rings SET purpose = 'agent', item_id = (SELECT id FROM item)
WHERE id = %(consult)s AND purpose IN ('consult', 'join') RETURNING id

-- name: seated
-- Who talks in a room: whose talk it is before those who came to it.
SELECT r.id AS ring, r.agent_id, r.sid AS leg, r.purpose FROM rings r
WHERE r.room = %(room)s AND r.state = 'taken' AND r.purpose IN ('agent', 'oncall', 'outgoing', 'consult', 'join')
  AND r.sid IS NOT NULL AND NOT EXISTS (SELECT FROM calls k WHERE k.sid = r.sid AND k.ended_at IS NOT NULL)
ORDER BY r.purpose IN ('consult', 'join'), r.purpose, r.id DESC

-- name: room_of_leg
-- The room that a leg was in, if others came to it lately.
SELECT r.room FROM rings r
WHERE r.sid = %(leg)s AND r.state = 'taken' AND r.purpose <> 'customer' AND r.room IN (
    SELECT o.room FROM rings o WHERE o.purpose IN ('consult', 'join') AND o.state = 'taken'
                                 AND o.created_at > lease_now() - interval '4 hours')
LIMIT 1

-- name: forsaken
-- Talks whose person has been gone for a while, and whose caller or customer is still there with who came to them.
SELECT DISTINCT ON (o.room) r.id AS ring, r.agent_id, o.room, c.sid AS caller, c.case_id, c.held_at
FROM rings o LEFT JOIN calls n ON n.sid = o.sid
JOIN calls c ON c.ended_at IS NULL AND c.sid = CASE WHEN o.room LIKE 'call-%%' THEN substr(o.room, 6) ELSE (
    SELECT b.sid FROM rings b WHERE b.room = o.room AND b.purpose = 'customer' AND b.state = 'taken'
    ORDER BY b.id DESC LIMIT 1) END
CROSS JOIN LATERAL (
    SELECT t.id, t.agent_id, t.sid FROM rings t
    WHERE t.room = o.room AND t.state = 'taken' AND t.purpose IN ('agent', 'oncall', 'outgoing')
    ORDER BY t.id DESC LIMIT 1) AS r
JOIN calls k ON k.sid = r.sid AND k.ended_at <= %(now)s - %(together)s
WHERE o.purpose IN ('consult', 'join') AND o.state = 'taken' AND o.created_at > lease_now() - interval '4 hours'
  AND o.sid IS NOT NULL AND n.ended_at IS NULL AND r.agent_id IS NOT NULL
ORDER BY o.room, o.id

-- name: coached
-- The leg of whose talk it is, while they are in it.
SELECT r.sid AS leg FROM rings r
WHERE r.room = %(room)s AND r.state = 'taken' AND r.purpose IN ('agent', 'oncall', 'outgoing') AND r.sid IS NOT NULL
  AND NOT EXISTS (SELECT FROM calls k WHERE k.sid = r.sid AND k.ended_at IS NOT NULL)
ORDER BY r.id DESC LIMIT 1
