-- name: asked
-- What calls ask at once, one answer a question, in order. A turn: the call's state, its last turn, the answer given to
-- this one, and whether it is over; null for a call that is new. A caller: the language of the person behind a number,
-- whether an owner who may ask for a PIN has registered it, and whether it asked for no texts or the last one could not
-- arrive, as the next will not (the provider's codes for a wrong number, STOP, and what takes no texts). An incident:
-- the newest open case about a place that a stranger may be told of (several have reported it, or we are at it).
-- Outages: open faults of no place that several have reported lately, the newest first, and whether they are very many.
-- Which cases are over is said so that no index of all open cases is read for it.
SELECT CASE w.kind
    WHEN 'turn' THEN (
        SELECT jsonb_build_array(t.state -> 'call', c.turn, a.answer, c.ended_at IS NOT NULL)
        FROM calls c LEFT JOIN call_contents t ON t.sid = c.sid
        LEFT JOIN call_turns a ON a.sid = c.sid AND a.turn = w.turn
        WHERE c.sid = w.sid)
    WHEN 'caller' THEN (
        SELECT jsonb_build_array(
            (SELECT p.language FROM identities i JOIN people p ON p.id = i.person_id
             WHERE i.kind = 'phone' AND i.value = w.phone AND i.unlinked_at IS NULL AND p.language IS NOT NULL LIMIT 1),
            (SELECT true FROM owners WHERE phone = w.phone AND pin_hash IS NOT NULL LIMIT 1) IS NOT NULL,
            EXISTS (SELECT FROM identities WHERE kind = 'phone' AND value = w.phone AND unlinked_at IS NULL
                                             AND stopped_at IS NOT NULL)
            OR coalesce((SELECT m.state = 'failed' AND m.reason ~ '21211|21610|21614|30005|30006'
                         FROM message_contents t JOIN messages m ON m.id = t.message_id
                         WHERE t.recipient = w.phone AND m.channel = 'sms' AND m.state IN ('sent', 'failed')
                         ORDER BY m.id DESC LIMIT 1), false)))
    WHEN 'incident' THEN (
        SELECT jsonb_build_array(c.id, c.status, c.due_solution, c.category) FROM (
            SELECT * FROM cases WHERE charger_id = w.charger -- as the index of what is told has it
              AND status IN ('open', 'assigned', 'waiting', 'planned') AND merged_into IS NULL
              AND (incident OR status = 'planned')
            UNION ALL
            SELECT * FROM cases WHERE site_id = w.site AND whole_site) AS c
        WHERE c.status NOT IN ('concluded', 'closed') AND c.merged_into IS NULL
          AND c.category IN ('no_start', 'interrupted', 'slow', 'offline', 'damage')
          AND (c.incident OR c.status = 'planned')
        ORDER BY c.last_report_at DESC LIMIT 1)
    WHEN 'outages' THEN (
        SELECT jsonb_agg(jsonb_build_array(o.id, o.status, o.category, o.due_solution, o.large)) FROM (
            SELECT c.id, c.status, c.category, c.due_solution,
                   (SELECT count(*) FROM (SELECT FROM reports r WHERE r.case_id = c.id LIMIT w.large) AS told)
                   >= w.large AS large
            FROM cases c
            WHERE c.mass AND c.incident AND c.status NOT IN ('concluded', 'closed')
              AND c.merged_into IS NULL AND c.category IN ('access', 'payment', 'account', 'offline', 'no_start')
              AND c.last_report_at > w.since
            ORDER BY c.last_report_at DESC LIMIT 5) AS o)
    END AS answer
FROM jsonb_to_recordset(%(asked)s::jsonb) AS w(
    nth int, kind text, sid text, turn int, phone text, charger text, site text, since timestamptz, large int)
ORDER BY w.nth

-- name: save
-- Turns of different calls, their answers and the calls' states; no row comes back for a turn that another request has
-- answered, nor for one that is to follow another (`after`) which is not the last of a call that goes on, or that is to
-- be the first of a call (`after` -1) of which something is known. Calls are locked in one order.
WITH given AS MATERIALIZED (
    SELECT r.* FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
        sid text, turn int, after int, at timestamptz, node text, language text, state jsonb, answer text,
        caller text, called text, report bigint, "case" bigint)
    WHERE r.after IS NULL OR r.after = coalesce((  -- looks by the key: asked for those that go on, all would be read
        SELECT CASE WHEN c.ended_at IS NULL AND t.sid IS NOT NULL THEN c.turn ELSE -2 END
        FROM calls c LEFT JOIN call_contents t ON t.sid = c.sid WHERE c.sid = r.sid), -1)
), call AS (
    INSERT INTO calls (sid, status, status_rank, language, turn, report_id, case_id, started_at)
    SELECT g.sid, 'in-progress', 2, g.language, g.turn, g.report,
           g."case", g.at
    FROM given g ORDER BY g.sid
    ON CONFLICT (sid) DO UPDATE SET
        language = excluded.language, turn = greatest(calls.turn, excluded.turn),
        report_id = coalesce(calls.report_id, excluded.report_id), case_id = coalesce(calls.case_id, excluded.case_id)
    RETURNING sid
), turn AS (
    INSERT INTO call_turns (sid, turn, at, node, answer)
    SELECT g.sid, g.turn, g.at, g.node, g.answer FROM call JOIN given g ON g.sid = call.sid
    ON CONFLICT (sid, turn) DO NOTHING
    RETURNING sid
), contents AS (
    INSERT INTO call_contents (sid, from_number, to_number, state)
    SELECT g.sid, g.caller, g.called, jsonb_build_object('call', g.state) FROM turn JOIN given g ON g.sid = turn.sid
    ON CONFLICT (sid) DO UPDATE SET state = call_contents.state || excluded.state
)
SELECT sid FROM turn

-- name: answered
SELECT answer FROM call_turns WHERE sid = %(sid)s AND turn = %(turn)s

-- name: first
-- Marks an act as begun, once.
UPDATE call_contents SET state = jsonb_set(state, ARRAY['begun'], coalesce(state -> 'begun', '{}') || %(act)s::jsonb)
WHERE sid = %(sid)s AND NOT coalesce(state -> 'begun', '{}') ?| ARRAY(SELECT jsonb_object_keys(%(act)s::jsonb))
RETURNING sid

-- name: tried
INSERT INTO timeline (case_id, at, kind, actor_kind, report_id, data)
SELECT r.case_id, %(at)s, 'remote_action', 'customer', r.id,
       %(told)s::jsonb || jsonb_build_object('why', k.category, 'before', NULL, 'after', NULL)
FROM calls c JOIN reports r ON r.id = c.report_id JOIN cases k ON k.id = r.case_id
WHERE c.sid = %(sid)s AND c.ended_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM timeline t WHERE t.report_id = r.id AND t.kind = 'remote_action' AND t.data ->> 'act' = %(act)s)

-- name: progress
WITH call AS (
    INSERT INTO calls (sid, direction, status, status_rank, started_at, ended_at, seconds)
    VALUES (%(sid)s, %(direction)s, %(status)s, %(rank)s, %(at)s, CASE WHEN %(final)s THEN %(at)s END, %(seconds)s)
    ON CONFLICT (sid) DO UPDATE SET
        status = CASE WHEN excluded.status_rank > calls.status_rank THEN excluded.status ELSE calls.status END,
        status_rank = greatest(calls.status_rank, excluded.status_rank),
        ended_at = coalesce(calls.ended_at, excluded.ended_at), seconds = coalesce(excluded.seconds, calls.seconds)
    RETURNING sid, turn, ended_at, answered_at, case_id, agent_id, erased_at
), talked AS (
    INSERT INTO timeline (case_id, at, kind, actor_kind, actor_id, data)
    SELECT case_id, %(at)s, 'call_ended', CASE WHEN agent_id IS NULL THEN 'system' ELSE 'agent' END, agent_id,
           jsonb_build_object('call', sid, 'talked', round(extract(epoch FROM ended_at - answered_at)::numeric, 3))
    FROM call
    WHERE %(final)s AND ended_at = %(at)s AND ended_at >= answered_at AND case_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM timeline t WHERE t.case_id = call.case_id AND t.kind = 'call_ended' AND t.data ->> 'call' = call.sid)
), contents AS (
    INSERT INTO call_contents (sid, from_number, to_number)
    SELECT sid, %(caller)s, %(called)s FROM call WHERE erased_at IS NULL ON CONFLICT (sid) DO NOTHING
)
SELECT call.turn, call.ended_at IS NOT NULL AS ended, t.state -> 'call' AS state
FROM call LEFT JOIN call_contents t ON t.sid = call.sid

-- name: filed
UPDATE calls SET report_id = coalesce(report_id, %(report)s),
                 case_id = coalesce(case_id, (SELECT case_id FROM reports WHERE id = %(report)s))
WHERE sid = %(sid)s

-- name: recorded
-- A recording of a call that was erased is erased when it is announced; one that never came about is told in its case.
WITH call AS (SELECT report_id, erased_at FROM calls WHERE sid = %(call)s FOR SHARE), recording AS (
    INSERT INTO recordings (sid, call_sid, report_id, state, seconds, due_at, created_at)
    SELECT %(sid)s, %(call)s, call.report_id, CASE WHEN call.erased_at IS NULL THEN %(state)s ELSE 'erased' END, %(seconds)s,
           CASE WHEN call.erased_at IS NULL THEN %(due)s ELSE %(at)s::timestamptz END, %(at)s
    FROM (VALUES (1)) AS one LEFT JOIN call ON true
    ON CONFLICT (sid) DO UPDATE SET seconds = greatest(recordings.seconds, excluded.seconds), state = excluded.state,
                                    due_at = excluded.due_at
    WHERE recordings.state IN ('empty', 'failed') AND excluded.state = 'announced'
    RETURNING sid, call_sid, report_id, state
)
INSERT INTO timeline (case_id, at, kind, actor_kind, report_id, data)
SELECT r.case_id, %(at)s, 'recording_missing', 'system', r.id,
       jsonb_build_object('recording', recording.sid, 'call', recording.call_sid)
FROM recording JOIN reports r ON r.id = coalesce(
    recording.report_id, (SELECT id FROM reports WHERE call_sid = recording.call_sid ORDER BY id LIMIT 1))
WHERE recording.state = 'failed'

-- name: transcribed
-- Of what is erased nothing is kept.
WITH call AS (SELECT report_id, erased_at FROM calls WHERE sid = %(call)s FOR SHARE), recording AS (
    INSERT INTO recordings (sid, call_sid, report_id, state, due_at, created_at)
    SELECT %(recording)s, %(call)s, call.report_id, CASE WHEN call.erased_at IS NULL THEN 'announced' ELSE 'erased' END,
           %(at)s, %(at)s
    FROM (VALUES (1)) AS one LEFT JOIN call ON true
    ON CONFLICT (sid) DO UPDATE SET call_sid = recordings.call_sid
    RETURNING sid, state
)
INSERT INTO transcripts (recording_sid, language, text)
SELECT sid, %(language)s, %(text)s FROM recording WHERE state <> 'erased'
ON CONFLICT (recording_sid) DO NOTHING

-- name: owner_tried
-- A try is a miss until it was found to be right, so that of many at the same time no more are looked at than of as many
-- one after the other.
UPDATE owners SET pin_misses = pin_misses + 1
WHERE phone = %(phone)s AND pin_hash IS NOT NULL AND pin_misses < %(most)s RETURNING id, pin_hash

-- name: owner_known
UPDATE owners SET pin_misses = CASE id WHEN %(owner)s THEN 0 ELSE greatest(pin_misses - 1, 0) END
WHERE id = ANY(%(tried)s::text[])

-- name: owner_cases
-- One that waits for anything but an answer is put aside.
SELECT c.id, c.site_id, count(*) OVER () AS n,
       CASE WHEN c.status = 'waiting' AND c.paused_at IS NULL THEN 'aside' ELSE c.status END AS status
FROM cases c
WHERE c.owner_id = %(owner)s AND c.status IN ('open', 'assigned', 'waiting', 'planned') AND c.merged_into IS NULL
ORDER BY c.priority, c.opened_at LIMIT 3

-- name: status
-- What a reporter with the right code may hear of the case that their report is in now, whichever of its cases they name,
-- and whether they were asked if it is solved and did not say; nobody is of what was concluded as a duplicate or as spam,
-- which is closed to them. One that waits for anything but an answer is put aside. A code that fits none is a miss of
-- the case that was named; `guessed` says that it had its most in a day before. By the
-- database's clock: one that is wrong gives nobody more.
WITH found AS (
    SELECT c.id AS case_id, c.due_solution,
           CASE WHEN silent THEN 'closed' WHEN c.status = 'waiting' AND c.paused_at IS NULL THEN 'aside'
                ELSE c.status END AS status,
           CASE WHEN c.status = 'concluded' AND NOT silent AND NOT EXISTS (
               SELECT FROM confirmations f WHERE f.report_id = r.id AND f.concluded_at = c.concluded_at)
           THEN r.id END AS unconfirmed
    FROM reports r JOIN cases c ON c.id = r.case_id
    CROSS JOIN LATERAL (SELECT coalesce(c.disposition, '') IN ('duplicate', 'spam')) AS ended(silent)
    WHERE r.code = %(code)s AND r.id IN (
        SELECT id FROM reports WHERE case_id = %(case)s
        UNION ALL
        SELECT report_id FROM timeline WHERE case_id = %(case)s AND kind = 'detached')
    ORDER BY r.id LIMIT 1
), missed AS (
    INSERT INTO code_misses AS m (case_id, since, misses)
    SELECT id, lease_now(), 1 FROM cases WHERE id = %(case)s AND NOT EXISTS (SELECT FROM found)
    ON CONFLICT (case_id) DO UPDATE SET
        since = CASE WHEN m.since > lease_now() - interval '1 day' THEN m.since ELSE excluded.since END,
        misses = CASE WHEN m.since > lease_now() - interval '1 day' THEN m.misses ELSE 0 END + 1
)
SELECT f.*, EXISTS (SELECT FROM code_misses WHERE case_id = %(case)s AND misses >= %(most)s
                    AND since > lease_now() - interval '1 day') AS guessed
FROM (VALUES (true)) AS asked LEFT JOIN found f ON true

-- name: unfinished
-- Calls of which nothing has been heard for a while: the provider's last word may have been lost.
SELECT c.sid FROM calls c
WHERE c.ended_at IS NULL AND c.started_at < least(%(began)s, %(before)s)
  AND NOT EXISTS (SELECT FROM call_turns t WHERE t.sid = c.sid AND t.at >= %(before)s)
ORDER BY c.started_at LIMIT 100

-- name: known
-- Which of these calls we know, whether a report came of them, and else what they told if it was not promised to be kept.
SELECT c.sid, c.ended_at IS NOT NULL AS ended, f.filed,
       CASE WHEN NOT f.filed AND NOT coalesce(t.state #> '{call,facts}' ?| ARRAY['filed', 'kept'], false)
            THEN t.state -> 'call' END AS state
FROM calls c LEFT JOIN call_contents t ON t.sid = c.sid CROSS JOIN LATERAL (
    SELECT c.report_id IS NOT NULL OR EXISTS (SELECT FROM reports r WHERE r.call_sid = c.sid) AS filed) AS f
WHERE c.sid = ANY(%(sids)s::text[])
