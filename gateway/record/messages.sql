-- name: add
INSERT INTO messages (case_id, report_id, person_id, channel, kind, language, agent_id, state, created_at, due_at)
SELECT r.case_id, r.report_id, r.person_id, r.channel, r.kind, r.language, r.agent_id, 'queued', %(now)s, %(now)s
FROM jsonb_to_recordset(%(rows)s) WITH ORDINALITY AS r(
    case_id bigint, report_id bigint, person_id bigint, channel text, kind text, language text, agent_id text,
    nth bigint)
ORDER BY r.nth
RETURNING id

-- name: add_contents
INSERT INTO message_contents (message_id, recipient, subject, text, data)
SELECT r.message_id, r.recipient, r.subject, r.text, coalesce(r.data, '{}')
FROM jsonb_to_recordset(%(rows)s) AS r(message_id bigint, recipient text, subject text, text text, data jsonb)

-- name: add_to_reporters
-- One message to every person who reported, in the language and by the channel of their newest report.
INSERT INTO messages (case_id, report_id, person_id, channel, kind, language, agent_id, state, created_at, due_at)
SELECT DISTINCT ON (coalesce(r.person_id, -r.id))
       r.case_id, r.id, r.person_id,
       CASE WHEN t.sender_email IS NOT NULL AND r.channel NOT IN ('phone', 'sms', 'whatsapp') THEN 'email' ELSE 'sms' END,
       %(kind)s, r.language, %(agent)s, 'queued', %(now)s, %(now)s
FROM reports r JOIN report_contents t ON t.report_id = r.id
WHERE r.case_id = %(case)s AND r.channel <> 'alarm' AND NOT (r.flags && '{auto_reply,bounce,spam}')
  AND coalesce(t.sender_email, t.sender_phone) IS NOT NULL
ORDER BY coalesce(r.person_id, -r.id), r.id DESC
RETURNING id

-- name: reachable
-- Who reported, newest first, and where they can be reached.
SELECT r.id, r.person_id, r.channel, r.language, t.sender_email, t.sender_phone
FROM reports r JOIN report_contents t ON t.report_id = r.id
WHERE r.case_id = %(case)s AND r.channel <> 'alarm' AND NOT (r.flags && '{auto_reply,bounce}')
ORDER BY r.id DESC LIMIT 20
