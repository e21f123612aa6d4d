-- name: shifts
-- Who is or will be on call after a moment, colleagues who left left out.
SELECT r.id, r.line, r.region, r.agent_id, r.phone, r.starts_at, r.ends_at, a.name
FROM rota r JOIN agents a ON a.id = r.agent_id
WHERE r.ends_at > %(now)s AND a.disabled_at IS NULL ORDER BY r.starts_at, r.line, r.id

-- name: leads
SELECT id, phone FROM agents WHERE role = 'lead' AND phone IS NOT NULL AND disabled_at IS NULL ORDER BY id

-- name: helped
-- Whether a ladder is climbed for a call, or was until now, or may be soon, with anybody on it besides the last resort.
SELECT k.case_id IS NOT NULL
   AND (k.queued_at > %(now)s - %(soon)s
        OR EXISTS (SELECT FROM climbs o WHERE (o.call_sid = k.sid OR o.case_id = k.case_id)
                                          AND coalesce(o.ended_at, lease_now()) > lease_now() - %(soon)s))
   AND (EXISTS (SELECT FROM rota r JOIN agents a ON a.id = r.agent_id
                WHERE r.starts_at <= %(now)s AND r.ends_at > %(now)s AND a.disabled_at IS NULL)
        OR EXISTS (SELECT FROM agents WHERE role = 'lead' AND phone IS NOT NULL AND disabled_at IS NULL)) AS helped
FROM calls k WHERE k.sid = %(sid)s

-- name: talking
-- Who is on the telephone; null is the last resort.
SELECT DISTINCT agent_id FROM work_items WHERE kind <> 'case' AND state = 'taken'

-- name: add_shifts
INSERT INTO rota (agent_id, line, region, phone, starts_at, ends_at)
SELECT s.agent_id, s.line, s.region, coalesce(s.phone, a.phone), s.starts_at, s.ends_at
FROM jsonb_to_recordset(%(rows)s) AS s(
    agent_id text, line smallint, region text, phone text, starts_at timestamptz, ends_at timestamptz)
JOIN agents a ON a.id = s.agent_id AND coalesce(s.phone, a.phone) IS NOT NULL
ON CONFLICT (agent_id, line, coalesce(region, ''), starts_at)
DO UPDATE SET phone = excluded.phone, ends_at = excluded.ends_at
RETURNING id

-- name: remove_shift
DELETE FROM rota WHERE id = %(shift)s RETURNING agent_id

-- name: audit
INSERT INTO audit (at, actor_kind, actor_id, act, object, data)
VALUES (%(now)s, %(actor_kind)s, %(actor)s, %(act)s, %(object)s, %(data)s)

-- name: begin_cases
-- A ladder for every danger and every whole site that nobody has taken. With somebody at work it begins half a minute
-- after the last that was told; with nobody there, at once. A case that came back to its queue gets a new one; one that
-- the last resort has taken does not, until it is reopened.
INSERT INTO climbs (case_id, why, due_at, started_at)
SELECT c.id, CASE WHEN c.priority = 'P1' THEN 'danger' ELSE 'whole_site' END,
       CASE WHEN NOT %(staffed)s THEN lease_now()
            WHEN EXISTS (SELECT FROM climbs o WHERE o.case_id = c.id) THEN lease_now() + %(patience)s
            ELSE greatest(c.opened_at, c.last_report_at, c.reopened_at) + %(patience)s END, lease_now()
FROM cases c
WHERE c.status = 'open' AND c.merged_into IS NULL AND (c.priority = 'P1' OR c.whole_site) AND c.queue <> 'review'
  AND NOT EXISTS (SELECT FROM climbs o WHERE o.case_id = c.id
                  AND (o.ended_at IS NULL
                       OR (o.ended = 'last_resort' AND o.started_at >= coalesce(c.reopened_at, c.opened_at))))
ORDER BY c.id LIMIT 100
ON CONFLICT (case_id) WHERE ended_at IS NULL DO NOTHING
RETURNING id, case_id, why, due_at

-- name: begin_calls
-- And for every live call that waits and that nobody takes, whoever has its case; the telephone of somebody who took
-- that meanwhile and to whom the caller is put through rings for it, and is given as long as a rung. Whoever is in danger
-- and waits to be called back waits as well, unless they are on the line to us again.
INSERT INTO climbs (case_id, why, call_sid, due_at, started_at)
SELECT DISTINCT ON (w.case_id) w.case_id, 'call', w.sid, w.due_at, lease_now()
FROM (
    SELECT k.case_id, k.sid, k.queued_at AS since,
           CASE WHEN holder_for(k.sid) IS NOT NULL THEN greatest(k.queued_at, c.assigned_at) + %(rung)s
                WHEN %(staffed)s THEN k.queued_at + %(patience)s
                ELSE lease_now() END AS due_at
    FROM calls k JOIN cases c ON c.id = k.case_id
    WHERE k.queued_at IS NOT NULL AND k.answered_at IS NULL AND k.ended_at IS NULL AND k.direction = 'inbound'
    UNION ALL
    SELECT b.case_id, b.call_sid, b.arrived_at,
           CASE WHEN %(staffed)s THEN greatest(b.arrived_at, b.not_before) + %(patience)s ELSE lease_now() END
    FROM work_items b JOIN cases c ON c.id = b.case_id JOIN call_contents t ON t.sid = b.call_sid
    WHERE b.kind = 'callback' AND b.state = 'waiting' AND coalesce(b.not_before, lease_now()) <= lease_now()
      AND c.priority = 'P1' AND c.status NOT IN ('concluded', 'closed')
      AND NOT EXISTS (SELECT FROM calls o JOIN call_contents n ON n.sid = o.sid
                      WHERE o.ended_at IS NULL AND o.started_at > lease_now() - interval '4 hours'
                        AND o.direction = 'inbound' AND n.from_number = t.callback AND o.sid <> b.call_sid)) AS w
WHERE w.due_at <= lease_now()
  AND NOT EXISTS (SELECT FROM climbs o WHERE (o.call_sid = w.sid OR o.case_id = w.case_id) AND o.ended_at IS NULL)
ORDER BY w.case_id, w.since LIMIT 100
ON CONFLICT (case_id) WHERE ended_at IS NULL DO NOTHING
RETURNING id, case_id, why, due_at

-- name: due
SELECT id, case_id FROM climbs WHERE due_at <= lease_now() ORDER BY due_at LIMIT 100

-- name: settled
-- Ladders whose case somebody has taken or ended meanwhile, and those of a call whose caller speaks to somebody, has gone
-- or is of another case by now, and is not in danger and to be called back now.
SELECT b.id, b.case_id, b.why = 'call' AND k.answered_at IS NULL AS gone
FROM climbs b JOIN cases c ON c.id = b.case_id LEFT JOIN calls k ON k.sid = b.call_sid
WHERE b.ended_at IS NULL
  AND CASE WHEN b.why = 'call' THEN (k.queued_at IS NULL OR k.answered_at IS NOT NULL OR k.ended_at IS NOT NULL
                     OR k.case_id <> b.case_id)
                AND NOT (c.priority = 'P1' AND c.status NOT IN ('concluded', 'closed')
                         AND EXISTS (SELECT FROM work_items w WHERE w.call_sid = b.call_sid AND w.kind = 'callback'
                                     AND w.state IN ('waiting', 'offered') AND coalesce(w.not_before, lease_now()) <= lease_now()))
           ELSE c.status <> 'open' OR c.merged_into IS NOT NULL END
LIMIT 100

-- name: lock
-- A ladder; who waits to be called back and has called again is met in that call, `waits_in`.
SELECT b.*, lease_now() AS now,
       coalesce((SELECT again.call_sid FROM work_items w JOIN work_items again ON again.callback_id = w.id
                 WHERE w.call_sid = b.call_sid AND w.kind = 'callback' AND w.state <> 'done'
                   AND again.kind = 'call' AND again.state <> 'done' ORDER BY again.id LIMIT 1), b.call_sid) AS waits_in,
       k.queued_at IS NOT NULL AND k.answered_at IS NULL AND k.ended_at IS NULL
       OR EXISTS (SELECT FROM work_items w WHERE w.call_sid = b.call_sid AND w.kind = 'callback' AND w.state = 'waiting')
       AS caller_waits
FROM climbs b LEFT JOIN calls k ON k.sid = b.call_sid WHERE b.id = %(climb)s FOR UPDATE OF b

-- name: step
UPDATE climbs SET step = step + 1, due_at = lease_now() + %(rung)s, rounds = greatest(rounds, %(rounds)s), nobody = false
WHERE id = %(climb)s AND step = %(step)s AND ended_at IS NULL RETURNING id

-- name: put_off
UPDATE climbs SET due_at = lease_now() + %(rung)s, nobody = true WHERE id = %(climb)s AND ended_at IS NULL

-- name: hurry
-- The telephone that was rung last is no use: the next one rings at once.
UPDATE climbs SET due_at = least(due_at, lease_now()) WHERE id = %(climb)s AND step = %(step)s AND ended_at IS NULL

-- name: end
UPDATE climbs SET ended_at = lease_now(), ended = %(ended)s, due_at = NULL, agent_id = %(agent)s
WHERE id = %(climb)s AND ended_at IS NULL RETURNING step, ended_at - started_at AS lasted

-- name: open_climbs
SELECT b.id, b.case_id, b.why, b.step, b.due_at, b.started_at, c.priority, c.category, c.site_id
FROM climbs b JOIN cases c ON c.id = b.case_id WHERE b.ended_at IS NULL ORDER BY b.started_at LIMIT 50

-- name: climbing
SELECT id, case_id, step, rounds, nobody FROM climbs WHERE ended_at IS NULL ORDER BY id LIMIT 500
