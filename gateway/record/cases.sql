-- name: open
INSERT INTO cases (id, status, line, queue, priority, category, language, fault_code, charger_id, site_id, owner_id,
                   sla_level, timezone, whole_site, mass, incident, opened_at, last_report_at, due_first_response,
                   due_line, due_next_update, due_solution, told_solution)
SELECT r.id, 'open', r.line, r.queue, r.priority, r.category, r.language, r.fault_code, r.charger_id, r.site_id,
       r.owner_id, r.sla_level, r.timezone, r.whole_site, r.mass, r.incident, r.opened_at, r.last_report_at,
       r.due_first_response, r.due_line, r.due_next_update, r.due_solution, r.due_solution
FROM jsonb_to_recordset(%(rows)s) AS r(
    id bigint, line smallint, queue text, priority text, category text, language text, fault_code text,
    charger_id text, site_id text, owner_id text, sla_level text, timezone text, whole_site boolean, mass boolean,
    incident boolean, opened_at timestamptz, last_report_at timestamptz, due_first_response timestamptz,
    due_line timestamptz, due_next_update timestamptz, due_solution timestamptz)

-- name: grow
-- What attached reports change about a case; a concluded case that was written to again is open again, with the same
-- agent, if they are at work.
UPDATE cases c SET
    queue = r.queue, priority = r.priority, category = r.category, charger_id = r.charger_id, site_id = r.site_id,
    owner_id = r.owner_id, sla_level = r.sla_level, timezone = r.timezone, whole_site = r.whole_site,
    incident = r.incident, last_report_at = greatest(c.last_report_at, r.last_report_at),
    first_response_at = CASE WHEN r.reopened THEN NULL ELSE c.first_response_at END,
    due_first_response = CASE WHEN c.first_response_at IS NULL OR r.reopened THEN r.due_first_response END,
    due_line = r.due_line, due_next_update = r.due_next_update, due_solution = r.due_solution,
    status = CASE WHEN NOT r.reopened THEN c.status WHEN same.id IS NULL THEN 'open' ELSE 'assigned' END,
    concluded_at = CASE WHEN r.reopened THEN NULL ELSE c.concluded_at END,
    confirmed_at = CASE WHEN r.reopened THEN NULL ELSE c.confirmed_at END,
    closed_at = CASE WHEN r.reopened THEN NULL ELSE c.closed_at END,
    disposition = CASE WHEN r.reopened THEN NULL ELSE c.disposition END,
    assignee = CASE WHEN r.reopened THEN same.id ELSE c.assignee END,
    assigned_at = CASE WHEN NOT r.reopened THEN c.assigned_at WHEN same.id IS NOT NULL THEN lease_now() END,
    reopened_at = CASE WHEN r.reopened THEN %(now)s ELSE c.reopened_at END,
    told_solution = CASE WHEN r.reopened THEN r.due_solution ELSE c.told_solution END,
    version = c.version + 1
FROM jsonb_to_recordset(%(rows)s) AS r(
    id bigint, queue text, priority text, category text, charger_id text, site_id text, owner_id text, sla_level text,
    timezone text, whole_site boolean, incident boolean, last_report_at timestamptz, due_first_response timestamptz,
    due_line timestamptz, due_next_update timestamptz, due_solution timestamptz, reopened boolean)
JOIN cases old ON old.id = r.id
LEFT JOIN agents same ON r.reopened AND same.id = old.assignee AND same.activity IN ('available', 'busy')
                         AND same.disabled_at IS NULL
WHERE c.id = r.id

-- name: find
SELECT * FROM cases WHERE id = %(case)s

-- name: lock
SELECT * FROM cases WHERE id = %(case)s FOR UPDATE

-- name: listing
-- Newest last report first, a page at a time; the cursor is the last row's (last_report_at, id).
SELECT c.* FROM cases c
WHERE (%(status)s::text[] IS NULL OR c.status = ANY(%(status)s))
  AND (%(queue)s::text IS NULL OR c.queue = %(queue)s)
  AND (%(line)s::smallint IS NULL OR c.line = %(line)s)
  AND (%(priority)s::text IS NULL OR c.priority = %(priority)s)
  AND (%(category)s::text IS NULL OR c.category = %(category)s)
  AND (%(charger)s::text IS NULL OR c.charger_id = %(charger)s
       OR EXISTS (SELECT FROM reports r WHERE r.case_id = c.id AND r.charger_id = %(charger)s))
  AND (%(site)s::text IS NULL OR c.site_id = %(site)s)
  AND (%(owner)s::text IS NULL OR c.owner_id = %(owner)s)
  AND (%(assignee)s::text IS NULL OR c.assignee = %(assignee)s)
  AND (%(case)s::bigint IS NULL OR c.id = %(case)s)
  AND (c.assignee = %(reaching)s OR ((%(queues)s::text[] = '{}' OR c.queue = ANY(%(queues)s::text[]))
                                     AND (%(sites)s::text[] = '{}' OR c.site_id = ANY(%(sites)s::text[]))))
  AND (%(q)s::text IS NULL OR EXISTS (
        SELECT FROM reports r JOIN report_contents t ON t.report_id = r.id
        WHERE r.case_id = c.id
          AND (to_tsvector('simple', left(coalesce(t.subject, '') || ' ' || t.text, 20000))
                   @@ websearch_to_tsquery('simple', %(q)s)
               OR t.sender_phone = %(q)s OR t.sender_email = lower(%(q)s) OR r.charger_id = %(q)s))
       OR c.id IN (SELECT r.case_id FROM transcripts x JOIN recordings g ON g.sid = x.recording_sid
                   JOIN reports r ON r.id = g.report_id
                   WHERE to_tsvector('simple', left(x.text, 20000)) @@ websearch_to_tsquery('simple', %(q)s)))
  AND (%(before_at)s::timestamptz IS NULL OR (c.last_report_at, c.id) < (%(before_at)s, %(before_id)s::bigint))
ORDER BY c.last_report_at DESC, c.id DESC
LIMIT %(limit)s

-- name: channels
SELECT case_id, array_agg(DISTINCT channel ORDER BY channel) AS channels, count(*) AS reports
FROM reports WHERE case_id = ANY(%(cases)s::bigint[]) GROUP BY case_id

-- name: first_reports
-- The report that opened each case, with a few of its words for lists.
SELECT DISTINCT ON (r.case_id) r.case_id, r.id, r.channel, r.reasons, r.language, t.subject,
       left(t.text, 160) AS text, t.sender_name
FROM reports r LEFT JOIN report_contents t ON t.report_id = r.id
WHERE r.case_id = ANY(%(cases)s::bigint[]) ORDER BY r.case_id, r.id

-- name: reports
SELECT r.*, t.sender_name, t.sender_phone, t.sender_email, t.reply_to, t.copies, t.subject, t.text, t.full_text, t.own_words,
       t.html IS NOT NULL AS has_html,
       t.recipients, t.alarm, t.report_id IS NULL AS erased
FROM reports r LEFT JOIN report_contents t ON t.report_id = r.id
WHERE r.case_id = %(case)s ORDER BY r.id

-- name: said
-- The first that people told of a case, in their own words.
SELECT r.channel, r.received_at, r.language, t.subject, coalesce(t.own_words, t.text) AS text
FROM reports r JOIN report_contents t ON t.report_id = r.id
WHERE r.case_id = %(case)s AND r.channel <> 'alarm' AND r.quarantined IS NULL ORDER BY r.id LIMIT %(limit)s

-- name: attachments
SELECT a.id, a.report_id, a.name, a.media_type, a.size, a.inline, a.quarantined
FROM report_attachments a JOIN reports r ON r.id = a.report_id WHERE r.case_id = %(case)s ORDER BY a.id

-- name: notes
SELECT id, agent_id, at, kind, text FROM notes WHERE case_id = %(case)s ORDER BY id

-- name: messages
-- `deferred` waits for another try, and `uncertain` does when it may have arrived; `delayed` was taken by a server that
-- says it is late.
SELECT m.id, m.report_id, m.channel, m.kind, m.language, m.agent_id, m.reason,
       CASE WHEN m.state = 'queued' AND m.uncertain_at IS NOT NULL THEN 'uncertain'
            WHEN m.state = 'queued' AND m.attempts > 0 AND m.reason IS NOT NULL THEN 'deferred'
            WHEN m.state = 'sent' AND m.delayed_at IS NOT NULL THEN 'delayed' ELSE m.state END AS state,
       ARRAY(SELECT f.name FROM message_attachments f WHERE f.message_id = m.id ORDER BY f.id) AS files, m.created_at, m.sent_at, c.recipient, c.data -> 'copies' AS copies, c.subject, c.text
FROM messages m LEFT JOIN message_contents c ON c.message_id = m.id
WHERE m.case_id = %(case)s AND m.kind <> 'oncall' ORDER BY m.id

-- name: neighbours
-- Other open cases at the same site.
SELECT * FROM cases WHERE site_id = %(site)s AND id <> %(case)s AND status NOT IN ('concluded', 'closed')
ORDER BY last_report_at DESC LIMIT 8

-- name: board
SELECT queue, priority, count(*) AS open, count(*) FILTER (WHERE assignee IS NULL) AS waiting,
       min(opened_at) FILTER (WHERE assignee IS NULL) AS longest,
       count(*) FILTER (WHERE least(due_first_response, due_next_update, due_solution) < %(now)s) AS late
FROM cases WHERE status IN ('open', 'assigned', 'waiting', 'planned') GROUP BY queue, priority

-- name: claim
UPDATE cases SET status = 'assigned', assignee = %(agent)s, assigned_at = lease_now(), waiting_until = NULL,
                 version = version + 1
WHERE id = %(case)s

-- name: release
UPDATE cases SET status = 'open', assignee = NULL, assigned_at = NULL, waiting_until = NULL, version = version + 1
WHERE id = %(case)s

-- name: respond
-- The first human response meets its target; every word to the customer moves the next update.
UPDATE cases SET first_response_at = coalesce(first_response_at, %(now)s), due_first_response = NULL,
                 due_next_update = %(next_update)s, version = version + 1
WHERE id = %(case)s

-- name: correct
UPDATE cases SET category = %(category)s, priority = %(priority)s, charger_id = %(charger)s, site_id = %(site)s,
                 owner_id = %(owner)s, sla_level = %(sla_level)s, timezone = %(timezone)s, queue = %(queue)s,
                 due_first_response = %(due_first_response)s, due_line = %(due_line)s,
                 due_next_update = %(due_next_update)s, due_solution = %(due_solution)s, version = version + 1
WHERE id = %(case)s

-- name: hand_over
UPDATE cases SET queue = %(queue)s, line = %(line)s, due_line = %(due_line)s, waiting_until = NULL,
                 status = CASE WHEN %(agent)s::text IS NULL THEN 'open' ELSE 'assigned' END,
                 assignee = %(agent)s, assigned_at = CASE WHEN %(agent)s::text IS NULL THEN NULL ELSE lease_now() END,
                 version = version + 1
WHERE id = %(case)s

-- name: wait
UPDATE cases SET status = 'waiting', waiting_until = %(until)s, version = version + 1 WHERE id = %(case)s

-- name: pause
UPDATE cases SET paused_at = %(paused)s, due_line = %(due_line)s, due_next_update = %(due_next_update)s,
                 due_solution = %(due_solution)s
WHERE id = %(case)s

-- name: go_on
UPDATE cases SET paused_at = NULL, due_line = %(due_line)s, due_next_update = %(due_next_update)s,
                 due_solution = %(due_solution)s
WHERE id = %(case)s

-- name: told
UPDATE cases SET told_solution = %(solution)s WHERE id = %(case)s

-- name: plan
-- Who drives has the case; whoever had it before has planned it.
UPDATE cases SET status = 'planned', waiting_until = NULL, assignee = %(agent)s,
                 assigned_at = CASE WHEN assignee = %(agent)s THEN assigned_at ELSE lease_now() END, version = version + 1
WHERE id = %(case)s

-- name: unplan
UPDATE cases SET status = 'assigned', version = version + 1 WHERE id = %(case)s AND status = 'planned'

-- name: resume
UPDATE cases SET status = CASE WHEN assignee IS NULL THEN 'open' ELSE 'assigned' END, waiting_until = NULL, muted = false,
                 version = version + 1
WHERE id = %(case)s

-- name: unmute
-- What waited for maintenance to end is work from now on.
UPDATE cases SET due_first_response = %(due_first_response)s, due_line = %(due_line)s,
                 due_next_update = %(due_next_update)s, due_solution = %(due_solution)s
WHERE id = %(case)s

-- name: conclude
UPDATE cases SET status = 'concluded', concluded_at = %(now)s, disposition = %(disposition)s, waiting_until = NULL,
                 paused_at = NULL,
                 due_first_response = NULL, due_line = NULL, due_next_update = NULL, due_solution = NULL,
                 version = version + 1
WHERE id = %(case)s

-- name: over
-- What was over when it was told, by the customer's own word or not: kept, and nobody's work.
UPDATE cases c SET status = 'closed', concluded_at = %(now)s, closed_at = %(now)s, disposition = r.disposition,
                   confirmed_at = CASE WHEN r.confirmed THEN %(now)s::timestamptz END,
                   due_first_response = NULL, due_line = NULL, due_next_update = NULL, due_solution = NULL
FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, disposition text, confirmed boolean)
WHERE c.id = r.id

-- name: close
UPDATE cases SET status = 'closed', closed_at = %(now)s,
                 confirmed_at = CASE WHEN %(confirmed)s THEN %(now)s::timestamptz END, version = version + 1
WHERE id = %(case)s

-- name: reopen
-- A new interval: the old first response and conclusion stay on the timeline.
UPDATE cases SET status = CASE WHEN %(agent)s::text IS NULL THEN 'open' ELSE 'assigned' END, assignee = %(agent)s,
                 assigned_at = CASE WHEN %(agent)s::text IS NULL THEN NULL ELSE lease_now() END, concluded_at = NULL,
                 confirmed_at = NULL, closed_at = NULL, disposition = NULL, first_response_at = NULL,
                 reopened_at = %(now)s, paused_at = NULL, told_solution = %(due_solution)s,
                 due_first_response = %(due_first_response)s, due_line = %(due_line)s,
                 due_next_update = %(due_next_update)s, due_solution = %(due_solution)s, version = version + 1
WHERE id = %(case)s

-- name: move_reports
UPDATE reports SET case_id = %(to)s WHERE id = ANY(%(reports)s::bigint[]) AND case_id = %(from)s

-- name: move_messages
-- What was written to somebody about their report stays with it; what is about a visit stays with the visit.
UPDATE messages SET case_id = %(to)s
WHERE report_id = ANY(%(reports)s::bigint[]) AND case_id = %(from)s AND kind NOT LIKE 'visit%%'

-- name: move_calls
-- Whose report moves on while they are on the line or waiting to be called back is work on its new case, in the queue
-- where that is and with the place that they had, and so are the telephones that ring for them and the ladder that is
-- climbed for them, unless one is climbed there. Without reports: all who are left of a case that ends, those too whom an
-- agent of it calls.
WITH items AS (
    UPDATE work_items w SET case_id = k.id, queue = CASE w.state WHEN 'waiting' THEN k.queue ELSE w.queue END,
                            line = CASE w.state WHEN 'waiting' THEN k.line ELSE w.line END
    FROM cases k
    WHERE k.id = %(to)s AND w.case_id = %(from)s AND w.kind IN ('call', 'callback') AND w.state <> 'done'
      AND (%(reports)s::bigint[] IS NULL OR w.call_sid IN (
          SELECT call_sid FROM reports WHERE id = ANY(%(reports)s::bigint[])))
    RETURNING w.id, w.call_sid
), outgoing AS (
    UPDATE work_items SET case_id = %(to)s
    WHERE %(reports)s::bigint[] IS NULL AND case_id = %(from)s AND kind = 'outgoing' AND state = 'taken' RETURNING id
), theirs AS (
    UPDATE calls SET case_id = %(to)s WHERE case_id = %(from)s AND sid IN (
        SELECT call_sid FROM items
        UNION ALL
        SELECT sid FROM calls WHERE ended_at IS NULL AND case_id = %(from)s AND (
            %(reports)s::bigint[] IS NULL OR sid IN (SELECT call_sid FROM reports WHERE id = ANY(%(reports)s::bigint[]))))
), ladder AS (
    UPDATE climbs SET case_id = %(to)s
    WHERE case_id = %(from)s AND ended_at IS NULL
      AND (%(reports)s::bigint[] IS NULL OR call_sid IN (SELECT call_sid FROM items))
      AND NOT EXISTS (SELECT FROM climbs WHERE case_id = %(to)s AND ended_at IS NULL)
    RETURNING id
)
UPDATE rings SET case_id = %(to)s
WHERE item_id IN (SELECT id FROM items UNION ALL SELECT id FROM outgoing) OR climb_id IN (SELECT id FROM ladder)

-- name: report_ids
SELECT id FROM reports WHERE case_id = %(case)s ORDER BY id

-- name: report
SELECT r.id, r.case_id, r.channel, r.received_at, r.language, r.category, r.priority, r.charger_id, r.site_id, r.queue,
       r.fault_code, r.suggested
FROM reports r WHERE r.id = %(report)s

-- name: brought_from
-- Which case an agent brought a report from, when that is how it came here; and whether that case went in whole.
SELECT c.id, c.merged_into FROM timeline t JOIN cases c ON c.id = (t.data->>'case')::bigint
WHERE t.case_id = %(case)s AND t.report_id = %(report)s AND t.kind = 'attached' AND t.data->>'by' = 'agent'
ORDER BY t.id DESC LIMIT 1

-- name: brought_along
-- The reports that are here because a whole case was merged into this one.
SELECT DISTINCT r.id FROM reports r JOIN timeline t ON t.report_id = r.id
WHERE r.case_id = %(case)s AND t.case_id = %(case)s AND t.kind = 'attached' AND t.data->>'by' = 'agent'
  AND (t.data->>'case')::bigint = %(source)s

-- name: unmerge
-- A merged case that gets its reports back is open again, with targets counted from when it was opened.
UPDATE cases SET merged_into = NULL, status = 'open', concluded_at = NULL, closed_at = NULL, disposition = NULL,
                 due_first_response = CASE WHEN first_response_at IS NULL THEN %(due_first_response)s::timestamptz END,
                 due_line = %(due_line)s, due_next_update = %(due_next_update)s, due_solution = %(due_solution)s,
                 version = version + 1
WHERE id = %(case)s AND merged_into IS NOT NULL

-- name: merge
UPDATE cases SET merged_into = %(into)s, status = 'closed', assignee = NULL, assigned_at = NULL, waiting_until = NULL,
                 concluded_at = coalesce(concluded_at, %(now)s), closed_at = coalesce(closed_at, %(now)s),
                 disposition = 'merged', paused_at = NULL, due_first_response = NULL, due_line = NULL, due_next_update = NULL,
                 due_solution = NULL, version = version + 1
WHERE id = %(case)s

-- name: set_incident
UPDATE cases SET incident = (SELECT count(DISTINCT coalesce(person_id, -id)) > 1 FROM reports
                             WHERE case_id = %(case)s AND channel <> 'alarm'
                                   AND NOT (person_id IS NULL AND 'added' = ANY(flags))
                                   AND NOT flags && '{bounce,auto_reply}'),
                 last_report_at = coalesce((SELECT max(received_at) FROM reports WHERE case_id = %(case)s),
                                           last_report_at), version = version + 1
WHERE id = %(case)s

-- name: add_correction
INSERT INTO corrections (at, agent_id, case_id, report_id, field, before, after)
VALUES (%(now)s, %(agent)s, %(case)s, %(report)s, %(field)s, %(before)s, %(after)s)

-- name: add_note
INSERT INTO notes (case_id, agent_id, at, kind, text) VALUES (%(case)s, %(agent)s, %(now)s, %(kind)s, %(text)s)
RETURNING id

-- name: due_line
-- Cases whose line neither solved them nor handed them on in time.
SELECT id FROM cases WHERE due_line <= %(now)s AND status IN ('open', 'assigned') ORDER BY due_line LIMIT 100

-- name: done_waiting
-- What was put aside and is due again, or whose customer has written meanwhile or was not reached: an answering machine
-- is not whom it waits for.
SELECT id FROM cases c
WHERE status = 'waiting' AND (waiting_until <= %(now)s OR EXISTS (
    SELECT FROM reports WHERE case_id = c.id AND received_at > c.paused_at
                              AND ('bounce' = ANY(flags) OR NOT 'auto_reply' = ANY(flags))))
ORDER BY waiting_until LIMIT 100

-- name: unanswered
-- Concluded, and nobody confirmed or objected.
SELECT id FROM cases WHERE status = 'concluded' AND concluded_at <= %(before)s ORDER BY concluded_at LIMIT 100

-- name: clear_due_line
UPDATE cases SET due_line = NULL, version = version + 1 WHERE id = %(case)s
