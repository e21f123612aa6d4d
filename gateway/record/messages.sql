-- name: add
INSERT INTO messages (case_id, report_id, person_id, channel, kind, language, agent_id, state, created_at, due_at)
SELECT r.case_id, r.report_id, r.person_id, r.channel, r.kind, r.language, r.agent_id, 'queued', %(now)s, lease_now()
FROM jsonb_to_recordset(%(rows)s) AS r(
    case_id bigint, report_id bigint, person_id bigint, channel text, kind text, language text, agent_id text,
    nth bigint)
ORDER BY r.nth
RETURNING id

-- name: add_contents
INSERT INTO message_contents (message_id, recipient, subject, text, data)
SELECT r.message_id, r.recipient, r.subject, r.text, coalesce(r.data, '{}')
FROM jsonb_to_recordset(%(rows)s) AS r(message_id bigint, recipient text, subject text, text text, data jsonb)

-- name: said_just_now
SELECT m.id FROM messages m JOIN message_contents c ON c.message_id = m.id
WHERE m.case_id = %(case)s AND m.kind = 'reply' AND m.agent_id = %(agent)s AND m.created_at >= %(since)s
    AND m.state IN ('queued', 'sent', 'uncertain') AND c.recipient = %(recipient)s AND c.text = %(text)s
    AND coalesce(c.data -> 'copies', '[]') = %(copies)s::jsonb AND %(files)s::text[] = ARRAY(
        SELECT encode(a.sha256, 'hex') FROM message_attachments a WHERE a.message_id = m.id ORDER BY 1)
LIMIT 1

-- name: add_to_reporters
-- One message to every person who reported, in the language and by the channel of their newest report; but for whoever
-- sent one report, if one is given.
INSERT INTO messages (case_id, report_id, person_id, channel, kind, language, agent_id, state, created_at, due_at)
SELECT DISTINCT ON (coalesce(r.person_id, -r.id))
       r.case_id, r.id, r.person_id,
       CASE WHEN t.sender_email IS NOT NULL AND r.channel NOT IN ('phone', 'sms', 'whatsapp') THEN 'email' ELSE 'sms' END,
       %(kind)s, r.language, %(agent)s, 'queued', %(now)s, lease_now()
FROM reports r JOIN report_contents t ON t.report_id = r.id
WHERE r.case_id = %(case)s AND r.channel <> 'alarm' AND NOT (r.flags && '{auto_reply,bounce,spam,answer}')
  AND coalesce(t.sender_email, t.sender_phone) IS NOT NULL
  AND coalesce(r.person_id, -r.id) IS DISTINCT FROM coalesce(%(person)s::bigint, -%(report)s::bigint)
ORDER BY coalesce(r.person_id, -r.id), r.id DESC
RETURNING id

-- name: add_to_followers
-- A text to those who asked for one when it is solved and are told otherwise: each number once.
INSERT INTO messages (case_id, report_id, person_id, channel, kind, language, agent_id, state, created_at, due_at)
SELECT DISTINCT ON (t.text_to)
       r.case_id, r.id, r.person_id, 'sms', %(kind)s, r.language, %(agent)s, 'queued', %(now)s, lease_now()
FROM reports r JOIN report_contents t ON t.report_id = r.id
WHERE r.case_id = %(case)s AND t.text_to IS NOT NULL
ORDER BY t.text_to, r.id DESC
RETURNING id

-- name: reachable
-- Who reported, newest first, and where they can be reached.
SELECT r.id, r.person_id, r.channel, r.language, r.flags, t.sender_name, t.sender_email, t.sender_phone, t.reply_to,
       t.copies
FROM reports r JOIN report_contents t ON t.report_id = r.id
WHERE r.case_id = %(case)s AND r.channel <> 'alarm' AND NOT (r.flags && '{auto_reply,bounce}')
ORDER BY r.id DESC

-- name: lease
-- Take what is due, what wakes somebody and what answers a danger first. Whoever holds the lease sends; nobody else can
-- take it while they hold on, and a paused holder that wakes up late finds its epoch gone. A lease that ran out was that
-- of somebody who perhaps sent it and could not say so.
UPDATE messages m SET lease_until = lease_now() + interval '60 seconds', lease_epoch = m.lease_epoch + 1,
                      attempts = m.attempts + 1, uncertain_at = coalesce(m.uncertain_at, m.lease_until)
FROM (SELECT id FROM messages
      WHERE state = 'queued' AND due_at <= lease_now() AND (lease_until IS NULL OR lease_until < lease_now())
        AND channel = ANY(%(channels)s)
      ORDER BY kind <> ALL(%(waking)s::text[]), (SELECT priority FROM cases WHERE id = case_id) IS DISTINCT FROM 'P1', due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED) AS taken
WHERE m.id = taken.id
RETURNING m.id, m.case_id, m.report_id, m.person_id, m.channel, m.kind, m.language, m.agent_id, m.asked_at,
          lease_now() - m.asked_at AS age, m.uncertain_at, m.attempts, m.lease_epoch, m.mail_id

-- name: hold
-- Keep a lease that is still ours.
UPDATE messages SET lease_until = lease_now() + interval '60 seconds'
WHERE id = %(message)s AND lease_epoch = %(epoch)s AND state = 'queued'

-- name: sent_to
-- What the provider calls the texts that went to a number after a message was asked for, or just before it.
SELECT m.provider_id FROM messages m JOIN message_contents c ON c.message_id = m.id
WHERE c.recipient = %(recipient)s AND m.provider_id IS NOT NULL AND m.sent_at > %(since)s - interval '1 hour'

-- name: texts_lately
-- Automatic texts that left within a time, by the database's clock: those that wake somebody, or all others.
SELECT count(*) AS n FROM messages
WHERE channel = 'sms' AND agent_id IS NULL AND state IN ('sent', 'uncertain') AND sent_at > lease_now() - %(lately)s
  AND (kind = ANY(%(waking)s::text[])) = %(urgent)s

-- name: particulars
-- What a message needs to be composed, read when it is sent. `text` is what somebody wrote; what we composed ourselves is
-- composed again, but for a text to a phone, which the provider knows by its words. `lasts` are the seconds until the time
-- that its words name.
SELECT m.id, m.language, c.recipient, c.data -> 'copies' AS copies, c.subject, (c.data ->> 'lasts')::float8 AS lasts,
       CASE WHEN m.channel = 'sms' OR NOT c.data ? 'composed' THEN c.text END AS text, r.token, r.code, r.outcome,
       r.flags AS report_flags, r.priority AS report_priority, r.channel AS report_channel,
       t.sender_email, coalesce(t.text_to, t.sender_phone) AS sender_phone, t.subject AS report_subject, t.message_id AS report_message_id,
       t.mails_before AS report_mails_before,
       t.text AS report_text, t.full_text AS report_full_text, t.sender_name, r.received_at AS report_received_at,
       k.category, k.priority, k.charger_id, k.site_id, k.timezone, k.status, k.due_first_response, k.due_solution, k.id AS case_id,
       EXISTS (SELECT FROM reports o WHERE o.case_id = k.id AND o.person_id IS DISTINCT FROM r.person_id
               AND o.channel <> 'alarm' AND NOT (o.flags && '{auto_reply,bounce,spam}')) AS shared,
       coalesce('unreadable' = ANY(r.flags), false) AS unreadable,
       v.starts_at AS visit_starts, v.ends_at AS visit_ends, v.times AS visit_times,
       CASE WHEN v.report_id IS NOT DISTINCT FROM m.report_id THEN v.token END AS visit_token
FROM messages m
LEFT JOIN cases k ON k.id = m.case_id
LEFT JOIN reports r ON r.id = m.report_id
LEFT JOIN report_contents t ON t.report_id = r.id
LEFT JOIN message_contents c ON c.message_id = m.id
LEFT JOIN LATERAL (
    SELECT o.token, o.report_id, o.starts_at, o.ends_at,
           (SELECT jsonb_agg(jsonb_build_array(t.starts_at, t.ends_at) ORDER BY t.nth)
            FROM visit_times t WHERE t.visit_id = o.id) AS times
    FROM visits o WHERE o.case_id = m.case_id AND m.kind LIKE 'visit%%' ORDER BY o.id DESC LIMIT 1
) AS v ON true
WHERE m.id = ANY(%(messages)s::bigint[])

-- name: sent
UPDATE messages SET state = 'sent', sent_at = lease_now(), due_at = NULL, lease_until = NULL, provider_id = %(provider)s
WHERE id = %(message)s AND lease_epoch = %(epoch)s AND state = 'queued'

-- name: deferred
UPDATE messages SET due_at = lease_now() + %(pause)s, lease_until = NULL, reason = %(reason)s,
                    uncertain_at = CASE WHEN %(uncertain)s THEN lease_now() ELSE uncertain_at END
WHERE id = %(message)s AND lease_epoch = %(epoch)s AND state = 'queued'

-- name: ended
UPDATE messages SET state = %(state)s, due_at = NULL, lease_until = NULL, reason = %(reason)s
WHERE id = %(message)s AND lease_epoch = %(epoch)s AND state = 'queued'

-- name: keep_words
-- What goes out, and under which Message-ID: the first that it was given.
WITH identified AS (
    UPDATE messages SET mail_id = %(mail_id)s WHERE id = %(message)s AND mail_id IS NULL AND %(mail_id)s::text IS NOT NULL
)
INSERT INTO message_contents (message_id, recipient, subject, text, data)
VALUES (%(message)s, %(recipient)s, %(subject)s, %(text)s,
        CASE WHEN %(composed)s THEN jsonb_build_object('composed', true) ELSE '{}' END)
ON CONFLICT (message_id) DO UPDATE SET recipient = excluded.recipient, subject = excluded.subject, text = excluded.text,
                                       data = message_contents.data || excluded.data

-- name: one_at_a_time
SELECT pg_advisory_xact_lock(hashtext('switchyard.outbox'), hashtext(%(recipient)s))

-- name: meant_for
INSERT INTO message_contents (message_id, recipient) VALUES (%(message)s, %(recipient)s)
ON CONFLICT (message_id) DO UPDATE SET recipient = excluded.recipient

-- name: automatic_lately
-- How many acknowledgements this address was sent: for this case, within a week and since it was written to again, to a
-- danger within a day and to dangers only, since no other says what to do; and in all within a day, an hour and ten
-- minutes. Those before this one that are on their way count as sent. By the database's clock: one that is wrong must
-- not let a worker forget what it has sent.
SELECT count(*) FILTER (WHERE m.case_id = %(case)s AND m.report_id >= again.since
                              AND (this.priority <> 'P1' OR told.priority = 'P1' AND day.within)) AS about_case,
       count(*) FILTER (WHERE day.within) AS in_all,
       count(*) FILTER (WHERE m.sent_at > lease_now() - interval '1 hour' OR m.sent_at IS NULL) AS in_an_hour,
       count(*) FILTER (WHERE m.sent_at > lease_now() - interval '10 minutes' OR m.sent_at IS NULL) AS just_now
FROM messages m
JOIN message_contents c ON c.message_id = m.id
JOIN reports told ON told.id = m.report_id
JOIN reports this ON this.id = %(report)s
CROSS JOIN (SELECT coalesce(max(report_id), 0) AS since FROM timeline
            WHERE case_id = %(case)s AND kind = 'reopened') AS again
CROSS JOIN LATERAL (SELECT m.sent_at IS NULL OR m.sent_at > lease_now() - interval '1 day' AS within) AS day
WHERE c.recipient = %(recipient)s AND m.agent_id IS NULL AND m.kind = %(kind)s
  AND (m.state = 'sent' AND m.sent_at > lease_now() - interval '7 days'
       OR m.state = 'queued' AND m.id < %(message)s AND m.lease_until > lease_now())

-- name: echoes
-- What a report that answers us, or names a case of ours, shares with those that others at its sender's domain wrote
-- before it about the same: how many say the same, numbers aside, and how many answers were acknowledged within a day.
WITH about AS (
    SELECT case_id FROM reports WHERE id = %(report)s AND reasons #>> '{duplicate,0,code}' = ANY(%(answering)s)
    UNION
    SELECT split_part(named, '-', 1)::bigint
    FROM reports r JOIN timeline t ON t.case_id = r.case_id AND t.kind = 'linked' AND t.report_id = r.id
    CROSS JOIN jsonb_array_elements_text(t.data -> 'cases') AS named
    WHERE r.id = %(report)s
)
SELECT count(*) FILTER (WHERE this.text ~ '\w' AND regexp_replace(c.text, '\d+', '', 'g')
                                                 = regexp_replace(this.text, '\d+', '', 'g')) AS alike,
       count(*) FILTER (WHERE o.reasons #>> '{duplicate,0,code}' = ANY(%(answering)s) AND EXISTS (
           SELECT FROM messages m WHERE m.report_id = o.id AND m.kind = %(kind)s AND m.state = 'sent'
                                    AND m.sent_at > lease_now() - interval '1 day')) AS acknowledged
FROM about
JOIN reports o ON o.case_id = about.case_id AND o.id < %(report)s
JOIN report_contents c ON c.report_id = o.id
JOIN report_contents this ON this.report_id = %(report)s
WHERE c.sender_email <> this.sender_email
  AND split_part(c.sender_email, '@', 2) = split_part(this.sender_email, '@', 2)

-- name: bounced
-- What a bounce says: the message did not arrive.
UPDATE messages SET state = 'bounced', due_at = NULL, reason = 'bounced' WHERE id = ANY(%(messages)s::bigint[])

-- name: dead
-- Where these messages went nobody can be reached, until somebody writes from there again; a bounce that names others,
-- whom a mail was passed on to, says nothing about that.
UPDATE identities i SET bounced_at = %(now)s
FROM jsonb_to_recordset(%(rows)s) AS w(message bigint, recipients text[]) JOIN message_contents c ON c.message_id = w.message
WHERE i.kind = 'email' AND i.value = c.recipient AND i.unlinked_at IS NULL
  AND (w.recipients = '{}' OR c.recipient = ANY(w.recipients))

-- name: delayed
UPDATE messages SET delayed_at = %(now)s WHERE id = ANY(%(messages)s::bigint[])
