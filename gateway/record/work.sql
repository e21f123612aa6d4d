-- name: add
-- The waiting work of new cases.
INSERT INTO work_items (kind, case_id, queue, line, priority, language, due_at, arrived_at, state)
SELECT 'case', r.id, r.queue, r.line, r.priority, r.language, r.due_first_response, r.opened_at, 'waiting'
FROM jsonb_to_recordset(%(rows)s) AS r(
    id bigint, queue text, line smallint, priority text, language text, due_first_response timestamptz,
    opened_at timestamptz)

-- name: regrade
-- What attached reports change about waiting work, which keeps its original place among its equals. It is looked up by
-- keys before it is joined: planned while there is hardly any work, a join would read all of it for ever.
UPDATE work_items w SET queue = r.queue, priority = r.priority, due_at = coalesce(r.due_first_response, w.due_at)
FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, queue text, priority text, due_first_response timestamptz)
WHERE w.id = ANY(ARRAY(
        SELECT its.id FROM jsonb_to_recordset(%(rows)s) AS grown(id bigint) CROSS JOIN LATERAL (
            SELECT id FROM work_items WHERE case_id = grown.id AND kind = 'case' AND state <> 'done' LIMIT 1) AS its))
  AND w.case_id = r.id
  AND (w.queue, w.priority, w.due_at) IS DISTINCT FROM (r.queue, r.priority, coalesce(r.due_first_response, w.due_at))

-- name: revive
-- A reopened case is work again: with the same agent, or before its equals by the arrival that it always had.
INSERT INTO work_items (kind, case_id, queue, line, priority, language, due_at, arrived_at, state, agent_id)
SELECT 'case', c.id, r.queue, c.line, r.priority, c.language, c.opened_at, c.opened_at,
       CASE WHEN c.assignee IS NULL THEN 'waiting' ELSE 'taken' END, c.assignee
FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, queue text, priority text, due_first_response timestamptz)
JOIN cases c ON c.id = r.id
ON CONFLICT (case_id) WHERE kind = 'case' AND state <> 'done'
DO UPDATE SET state = excluded.state, agent_id = excluded.agent_id, queue = excluded.queue,
              priority = excluded.priority, due_at = excluded.due_at

-- name: nobodys
UPDATE work_items SET state = 'done', agent_id = NULL, epoch = epoch + 1
WHERE case_id = ANY(%(cases)s::bigint[]) AND kind = 'case' AND state <> 'done'

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
-- A caller about it who was just being offered waits on: the case's own work is for whoever withdraws.
WITH gone AS (
    UPDATE offers SET state = 'withdrawn', answered_at = lease_now()
    WHERE state = 'offered' AND item_id IN (SELECT id FROM work_items WHERE case_id = %(case)s)
    RETURNING item_id, epoch
)
UPDATE work_items w SET state = 'waiting', agent_id = NULL, epoch = w.epoch + 1
FROM gone g WHERE w.id = g.item_id AND w.state = 'offered' AND w.epoch = g.epoch AND w.kind <> 'case'

-- name: callers_follow
-- Who waits about a case waits where it went, with the place that they had.
UPDATE work_items SET queue = %(queue)s, line = %(line)s
WHERE case_id = %(case)s AND kind IN ('call', 'callback') AND state = 'waiting'

-- name: regrade_one
UPDATE work_items SET queue = %(queue)s, priority = %(priority)s
WHERE case_id = %(case)s AND kind = 'case' AND state <> 'done'

-- name: renew
-- Work again, with the arrival that it always had.
INSERT INTO work_items (kind, case_id, queue, line, priority, language, due_at, arrived_at, state)
SELECT 'case', id, queue, line, priority, language, due_first_response, opened_at, 'waiting' FROM cases
WHERE id = %(case)s
ON CONFLICT (case_id) WHERE kind = 'case' AND state <> 'done' DO UPDATE SET state = 'waiting', agent_id = NULL

-- name: renew_first
-- A reopened case goes back to the front of its queue, before all that are not due yet.
INSERT INTO work_items (kind, case_id, queue, line, priority, language, due_at, arrived_at, state)
SELECT 'case', id, queue, line, priority, language, opened_at, opened_at, 'waiting' FROM cases
WHERE id = %(case)s
ON CONFLICT (case_id) WHERE kind = 'case' AND state <> 'done'
DO UPDATE SET state = 'waiting', agent_id = NULL, due_at = excluded.due_at

-- name: listen
-- Whoever changes what a sweep looks for says so here.
LISTEN switchyard_work

-- name: dispatcher
-- One dispatcher at a time; another that finds the lock taken has nothing to do. It goes by the clock of the leases.
SELECT pg_try_advisory_xact_lock(hashtext('switchyard.dispatch')) AS mine, lease_now() AS now

-- name: workers
-- Agents who may be offered something, with what they hold. Cases that are put aside take nobody's room; whoever is in
-- somebody else's talk has none, and whoever a caller is about to be put through to is not offered another.
SELECT * FROM (
    SELECT a.id, a.line, a.languages, a.skills, a.region, a.queues, a.sites, a.activity, a.idle_since, a.max_cases,
           CASE WHEN a.phone IS NOT NULL OR a.browser_until > lease_now() THEN a.max_calls ELSE 0 END AS max_calls,
           coalesce(held.calls, 0) AS calls, coalesce(held.cases, 0) - coalesce(aside.cases, 0) AS cases
    FROM agents a
    LEFT JOIN (SELECT agent_id, count(*) FILTER (WHERE kind <> 'case') AS calls,
                      count(*) FILTER (WHERE kind = 'case') AS cases
               FROM work_items WHERE state IN ('offered', 'taken') GROUP BY agent_id) AS held ON held.agent_id = a.id
    LEFT JOIN (SELECT assignee, count(*) AS cases FROM cases
               WHERE status IN ('waiting', 'planned') AND assignee IS NOT NULL GROUP BY assignee) AS aside
        ON aside.assignee = a.id
    WHERE a.activity = 'available' AND a.disabled_at IS NULL AND coalesce(a.wrap_until, lease_now()) <= lease_now()
      AND NOT EXISTS (SELECT FROM attending t WHERE t.agent_id = a.id)
      AND NOT EXISTS (SELECT FROM cases c JOIN work_items w ON w.case_id = c.id AND w.kind = 'call' AND w.state = 'waiting'
                      WHERE c.assignee = a.id AND c.status NOT IN ('concluded', 'closed') AND holder_for(w.call_sid) = a.id)
) AS present
WHERE calls = 0 AND (cases < max_cases OR max_calls > 0)

-- name: waiting
-- The first of every kind of waiting item, in order, and of those sites that are all that somebody who is free may see.
-- A case whose caller waits is that caller's; one who is theirs who has taken it meanwhile is put through; who is on
-- another way to somebody, about whatever, is not called back: in line, on the line, or called back already. Of several
-- people with one number only who speaks about the same is taken for the same.
WITH RECURSIVE kinds AS (
    (SELECT kind, line, language, queue FROM work_items WHERE state = 'waiting'
     ORDER BY kind, line, language, queue LIMIT 1)
    UNION ALL
    SELECT following.* FROM kinds k CROSS JOIN LATERAL (
        SELECT kind, line, language, queue FROM work_items
        WHERE state = 'waiting' AND (kind, line, language, queue) > (k.kind, k.line, k.language, k.queue)
        ORDER BY kind, line, language, queue LIMIT 1) AS following
), first AS (
    SELECT f.* FROM kinds k CROSS JOIN LATERAL (
        SELECT * FROM work_items w
        WHERE w.state = 'waiting' AND w.kind = k.kind AND w.line = k.line AND w.language = k.language AND w.queue = k.queue
          AND coalesce(w.not_before, lease_now()) <= lease_now()
        ORDER BY w.priority, w.due_at, w.arrived_at, w.id
        LIMIT CASE WHEN k.kind = 'case' THEN %(cases)s ELSE %(calls)s END) AS f
    UNION ALL
    SELECT f.* FROM unnest(%(sites)s::text[]) AS s(id) CROSS JOIN LATERAL (
        SELECT w.* FROM cases c JOIN work_items w ON w.case_id = c.id AND w.kind = 'case'
        WHERE c.site_id = s.id AND c.status = 'open' AND w.state = 'waiting'
        ORDER BY w.priority, w.due_at, w.arrived_at, w.id LIMIT %(cases)s) AS f
), on_the_line AS MATERIALIZED (
    SELECT o.id FROM calls c JOIN call_contents t ON t.sid = c.sid
    JOIN call_contents p ON p.callback = t.from_number AND p.sid <> c.sid
    JOIN work_items o ON o.call_sid = p.sid AND o.kind = 'callback' AND o.state <> 'done'
    WHERE c.ended_at IS NULL AND c.started_at > lease_now() - interval '4 hours' AND c.direction = 'inbound'
      AND (c.case_id IS NULL OR c.case_id = o.case_id OR one_persons(p.callback, p.state))
)
SELECT w.id, w.kind, w.case_id, w.call_sid, w.queue, w.line, w.priority, w.language, w.region, w.due_at, w.arrived_at,
       w.epoch, w.not_before, n.callback AS phone, n.callback_at, k.site_id, k.priority AS case_priority, k.sla_level,
       k.timezone,
       (SELECT array_agg(o.agent_id) FROM offers o WHERE o.item_id = w.id AND o.state IN ('declined', 'expired')) AS passed
FROM first w LEFT JOIN call_contents n ON n.sid = w.call_sid AND w.kind = 'callback'
LEFT JOIN cases k ON k.id = w.case_id
WHERE (w.queue <> 'review' OR w.kind <> 'case')
  AND CASE w.kind
      WHEN 'case' THEN NOT EXISTS (SELECT FROM work_items o WHERE o.kind IN ('call', 'callback') AND o.state <> 'done'
                                   AND o.case_id = w.case_id)
      WHEN 'call' THEN holder_for(w.call_sid) IS NULL
      WHEN 'callback' THEN w.id NOT IN (SELECT id FROM on_the_line)
           AND NOT EXISTS (SELECT FROM work_items i WHERE i.callback_id = w.id AND i.state <> 'done')
           AND NOT EXISTS (SELECT FROM call_contents p JOIN work_items o ON o.call_sid = p.sid AND o.kind = 'callback'
                           WHERE p.callback = n.callback AND o.state IN ('offered', 'taken')
                             AND (one_persons(n.callback, n.state) OR NOT EXISTS (
                                 SELECT FROM rings r WHERE r.item_id = o.id AND r.purpose = 'customer' AND r.state = 'taken')))
      ELSE true END
ORDER BY w.priority, w.due_at NULLS LAST, w.arrived_at, w.id

-- name: offer
WITH reserved AS (
    UPDATE work_items SET state = 'offered', agent_id = %(agent)s, epoch = epoch + 1
    WHERE id = %(item)s AND state = 'waiting' RETURNING id, epoch
)
INSERT INTO offers (item_id, agent_id, state, epoch, offered_at, expires_at, reasons)
SELECT id, %(agent)s, 'offered', epoch, lease_now(), lease_now() + %(patience)s, %(reasons)s FROM reserved
RETURNING id

-- name: expired
UPDATE offers SET state = 'expired', answered_at = lease_now() WHERE state = 'offered' AND expires_at <= lease_now()
RETURNING id, item_id, agent_id, epoch

-- name: answer
-- Only an open offer of this agent that has not run out can be answered.
UPDATE offers SET state = %(state)s, answered_at = lease_now()
WHERE id = %(offer)s AND agent_id = %(agent)s AND state = 'offered' AND expires_at > lease_now()
RETURNING item_id, epoch, answered_at

-- name: unreserve
-- Back to its place in the order; a reservation that has been renewed meanwhile is left alone.
UPDATE work_items SET state = 'waiting', agent_id = NULL, epoch = epoch + 1
WHERE id = %(item)s AND state = 'offered' AND epoch = %(epoch)s RETURNING case_id

-- name: missed
-- One more offer missed, unless our cap kept their telephone from ringing; who misses the last of many is set away, if
-- they said they were there.
UPDATE agents SET misses = misses + 1,
                  activity = CASE WHEN misses + 1 >= %(most)s AND activity = 'available' THEN 'away' ELSE activity END,
                  activity_at = CASE WHEN misses + 1 >= %(most)s AND activity = 'available' THEN lease_now() ELSE activity_at END
WHERE id = %(agent)s AND NOT EXISTS (SELECT FROM rings WHERE offer_id = %(offer)s AND reason = 'cap') RETURNING activity

-- name: answered
UPDATE agents SET misses = 0, idle_since = lease_now() WHERE id = %(agent)s

-- name: let_go
-- Cases that are offered to whoever has gone go back to their place at once.
WITH gone AS (
    UPDATE offers SET state = 'withdrawn', answered_at = lease_now()
    WHERE agent_id = %(agent)s AND state = 'offered'
      AND item_id IN (SELECT id FROM work_items WHERE agent_id = %(agent)s AND kind = 'case')
    RETURNING item_id, epoch
)
UPDATE work_items w SET state = 'waiting', agent_id = NULL, epoch = w.epoch + 1
FROM gone g WHERE w.id = g.item_id AND w.state = 'offered' AND w.epoch = g.epoch

-- name: take_item
UPDATE work_items SET state = 'taken', agent_id = %(agent)s, epoch = epoch + 1
WHERE id = %(item)s AND state = 'offered' AND epoch = %(epoch)s RETURNING kind, case_id, call_sid

-- name: stretch
-- Whoever has picked up has the time to listen and to press a key.
UPDATE offers SET expires_at = greatest(expires_at, lease_now() + %(lasts)s) WHERE id = %(offer)s AND state = 'offered'

-- name: hurry
UPDATE offers SET expires_at = least(expires_at, lease_now()) WHERE id = %(offer)s AND state = 'offered'

-- name: end_item
UPDATE work_items SET state = 'done', agent_id = NULL, epoch = epoch + 1
WHERE id = %(item)s AND state <> 'done' RETURNING case_id, call_sid

-- name: stand_aside
-- A call-back whose customer is on another way to somebody is offered to nobody meanwhile.
WITH gone AS (
    UPDATE offers SET state = 'withdrawn', answered_at = lease_now()
    WHERE state = 'offered' AND item_id = %(item)s RETURNING item_id, epoch
)
UPDATE work_items w SET state = 'waiting', agent_id = NULL, epoch = w.epoch + 1
FROM gone g WHERE w.id = g.item_id AND w.state = 'offered' AND w.epoch = g.epoch

-- name: not_needed
-- Whom a text tells that it is solved need not be called for that; whoever asked for no texts is told by none. Nobody is
-- called about what is no matter of ours, nor about the same again who is to be called about another case, where a
-- number that may be several people's tells of the same in both; whoever has picked up, or may just do, is not hung up on.
UPDATE work_items w SET state = 'done', epoch = w.epoch + 1
FROM call_contents t
WHERE w.case_id = %(case)s AND w.kind = 'callback' AND w.state = 'waiting' AND t.sid = w.call_sid
  AND CASE %(disposition)s
      WHEN 'spam' THEN true
      WHEN 'duplicate' THEN EXISTS (
          SELECT FROM call_contents o JOIN work_items p ON p.call_sid = o.sid AND p.kind = 'callback' AND p.state <> 'done'
          JOIN cases k ON k.id = p.case_id JOIN cases d ON d.id = w.case_id
          WHERE o.callback = t.callback AND p.case_id <> w.case_id
            AND (one_persons(t.callback, t.state)
                 OR k.category = d.category AND k.site_id IS NOT DISTINCT FROM d.site_id))
      ELSE t.state #>> '{call,facts,textless}' IS NULL
           AND NOT EXISTS (SELECT FROM identities WHERE kind = 'phone' AND value = t.callback AND unlinked_at IS NULL
                                                    AND stopped_at IS NOT NULL)
      END
  AND NOT EXISTS (SELECT FROM rings r LEFT JOIN calls k ON k.sid = r.sid
                  WHERE r.item_id = w.id AND r.purpose = 'customer' AND r.state IN ('due', 'ringing', 'taken')
                    AND k.ended_at IS NULL)
RETURNING w.call_sid

-- name: try_later
UPDATE work_items SET state = 'waiting', agent_id = NULL, epoch = epoch + 1, tries = tries + %(tries)s,
                      not_before = lease_now() + %(wait)s
WHERE id = %(item)s AND state = 'taken' RETURNING tries, not_before

-- name: put_off
-- A call-back whose customer met nobody; `tries` is 0 when that was not for them.
UPDATE work_items SET state = 'waiting', agent_id = NULL, epoch = epoch + 1, tries = tries + %(tries)s,
                      not_before = lease_now() + %(wait)s
WHERE id = %(item)s AND kind = 'callback' AND state IN ('waiting', 'offered') RETURNING tries, not_before

-- name: let_sleep
-- Call-backs that wait for the morning, their place kept, but for those whose customer is rung or on the line.
UPDATE work_items w SET not_before = lease_now() + r.seconds * interval '1 second'
FROM jsonb_to_recordset(%(rows)s) AS r(item bigint, seconds float8)
WHERE w.id = r.item AND w.kind = 'callback' AND w.state = 'waiting'
  AND NOT EXISTS (SELECT FROM rings g WHERE g.item_id = w.id AND g.purpose = 'customer'
                  AND g.state IN ('due', 'ringing', 'taken') AND g.created_at > lease_now() - interval '1 hour')

-- name: undo
-- A call-back that was taken for done, unless another one of its call or its case has followed it.
UPDATE work_items w SET state = 'waiting', agent_id = NULL, epoch = w.epoch + 1
WHERE w.id = %(item)s AND w.kind = 'callback' AND w.state IN ('taken', 'done')
  AND NOT EXISTS (SELECT FROM work_items o WHERE o.id <> w.id AND o.kind IN ('call', 'callback') AND o.state <> 'done'
                  AND (o.call_sid = w.call_sid OR o.case_id = w.case_id))
RETURNING w.id

-- name: kept
-- The offer of an item to whoever was kept for it, which now has the time of a telephone that rings.
UPDATE offers SET expires_at = lease_now() + %(lasts)s
WHERE item_id = %(item)s AND state = 'offered' AND expires_at > lease_now() RETURNING id, agent_id

-- name: item
SELECT id, kind, case_id, call_sid, state, agent_id, epoch FROM work_items WHERE id = %(item)s

-- name: offer_of
SELECT o.id, o.item_id, o.agent_id, o.state, w.kind, w.case_id FROM offers o JOIN work_items w ON w.id = o.item_id
WHERE o.id = %(offer)s

-- name: offers_to
SELECT o.id, o.offered_at, o.expires_at, o.reasons, w.kind, w.case_id, w.call_sid, w.queue, w.priority, w.arrived_at,
       EXISTS (SELECT FROM rings r WHERE r.item_id = w.id AND r.purpose = 'customer' AND r.state IN ('due', 'ringing')
                                     AND r.room LIKE 'back-%%') AS customer_rings
FROM offers o JOIN work_items w ON w.id = o.item_id
WHERE o.agent_id = %(agent)s AND o.state = 'offered' AND o.expires_at > lease_now() ORDER BY w.priority, o.id
