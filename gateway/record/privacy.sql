-- name: their_reports
-- By a person, with what mail servers reported of our letters to them: it names them and returns the letter.
SELECT id AS key FROM reports
WHERE id IN (
    SELECT id FROM reports WHERE person_id = %(person)s
    UNION ALL
    SELECT l.report_id FROM timeline l CROSS JOIN jsonb_array_elements_text(l.data->'messages') AS told(message)
    JOIN messages m ON m.id = told.message::bigint
    WHERE l.kind IN ('bounced', 'delayed')
      AND (m.person_id = %(person)s OR m.report_id IN (SELECT id FROM reports WHERE person_id = %(person)s))
    UNION ALL
    SELECT b.id FROM reports b JOIN report_contents s ON s.report_id = b.id
    WHERE 'bounce' = ANY(b.flags) AND regexp_split_to_array(
              lower(concat_ws(' ', s.text, s.full_text)), '[^[:alnum:]@._+-]+|[.]+(?=[^[:alnum:]]|$)')
          && ARRAY(SELECT value FROM identities WHERE person_id = %(person)s AND kind = 'email'))
ORDER BY id

-- name: lock_cases
-- Of these reports: the cases first, as every verb does.
SELECT r.id, r.case_id FROM reports r JOIN cases c ON c.id = r.case_id WHERE r.id = ANY(%(reports)s::bigint[])
ORDER BY c.id, r.id FOR UPDATE OF c

-- name: returned
-- Of these reports those in which mail servers tell of letters to somebody who was erased.
SELECT DISTINCT r.id, r.case_id FROM reports r
JOIN timeline l ON l.case_id = r.case_id AND l.report_id = r.id AND l.kind IN ('bounced', 'delayed')
CROSS JOIN jsonb_array_elements_text(l.data->'messages') AS told(message)
JOIN messages m ON m.id = told.message::bigint
LEFT JOIN people p ON p.id = m.person_id
LEFT JOIN reports a ON a.id = m.report_id
WHERE r.id = ANY(%(reports)s::bigint[]) AND (p.erased_at IS NOT NULL OR a.erased_at IS NOT NULL)

-- name: lone_cases
-- Cases that nobody reported but in these reports, and in others that are erased.
SELECT DISTINCT r.case_id AS key FROM reports r
WHERE r.id = ANY(%(reports)s::bigint[])
  AND NOT EXISTS (SELECT FROM reports o WHERE o.case_id = r.case_id AND o.erased_at IS NULL AND o.channel <> 'alarm'
                    AND o.id <> ALL(%(reports)s::bigint[]))

-- name: their_messages
-- To a person, with our texts to whoever was named to us in cases that nobody else reported.
SELECT m.id AS key FROM messages m LEFT JOIN message_contents c ON c.message_id = m.id
WHERE m.person_id = %(person)s OR m.report_id = ANY(%(reports)s::bigint[])
   OR c.recipient IN (SELECT value FROM identities WHERE person_id = %(person)s AND kind = 'phone')
   OR m.channel = 'sms' AND m.kind <> 'oncall' AND m.case_id = ANY(%(alone)s::bigint[])

-- name: their_calls
-- From and to a person, with our calls to whoever was named to us in cases that nobody else reported.
SELECT c.sid AS key FROM calls c LEFT JOIN call_contents t ON t.sid = c.sid
WHERE c.person_id = %(person)s OR c.sid IN (SELECT call_sid FROM reports WHERE id = ANY(%(reports)s::bigint[]))
   OR CASE c.direction WHEN 'inbound' THEN t.from_number ELSE t.to_number END
      IN (SELECT value FROM identities WHERE person_id = %(person)s AND kind = 'phone')
   OR c.sid IN (SELECT g.sid FROM rings g WHERE g.purpose = 'customer' AND g.case_id = ANY(%(alone)s::bigint[]))

-- name: reports_of
SELECT r.id, r.case_id, r.channel, r.received_at, t.subject, t.text, t.full_text, t.html, t.sender_name, t.sender_phone,
       t.sender_email, t.reply_to, t.text_to, t.copies, t.raw_type, t.raw_blob, t.recipients
FROM reports r LEFT JOIN report_contents t ON t.report_id = r.id WHERE r.id = ANY(%(reports)s::bigint[]) ORDER BY r.id

-- name: attachments_of
SELECT report_id, name, media_type, size, encode(sha256, 'hex') AS sha256
FROM report_attachments WHERE report_id = ANY(%(reports)s::bigint[]) ORDER BY id

-- name: messages_of
SELECT m.id, m.case_id, m.channel, m.kind, m.sent_at, c.recipient, c.subject, c.text, c.data
FROM messages m LEFT JOIN message_contents c ON c.message_id = m.id
WHERE m.id = ANY(%(messages)s::bigint[]) ORDER BY m.id

-- name: files_of
-- What went with messages.
SELECT message_id, name, media_type, size, encode(sha256, 'hex') AS sha256
FROM message_attachments WHERE message_id = ANY(%(messages)s::bigint[]) ORDER BY id

-- name: calls_of
SELECT c.sid, c.started_at, c.seconds, t.from_number, t.to_number, t.callback, t.callback_at, t.state
FROM calls c LEFT JOIN call_contents t ON t.sid = c.sid WHERE c.sid = ANY(%(calls)s::text[]) ORDER BY c.started_at

-- name: turns_of
-- What was said to a caller.
SELECT sid, turn, at, node, answer FROM call_turns WHERE sid = ANY(%(calls)s::text[]) ORDER BY at, turn

-- name: sounds_of
-- What was recorded of calls, with what was understood of it.
SELECT s.sid, s.call_sid, s.seconds, s.created_at, s.state, encode(s.sha256, 'hex') AS sha256, t.language, t.text
FROM recordings s LEFT JOIN transcripts t ON t.recording_sid = s.sid
WHERE s.call_sid = ANY(%(calls)s::text[]) ORDER BY s.created_at

-- name: captions_of
-- What was said in talks, as text while it was said.
SELECT call_sid, at, speaker, text FROM captions WHERE call_sid = ANY(%(calls)s::text[]) ORDER BY at, sequence

-- name: ratings_of
SELECT a.report_id, a.case_id, a.at, a.score, c.text
FROM ratings a LEFT JOIN rating_comments c ON c.report_id = a.report_id
WHERE a.report_id = ANY(%(reports)s::bigint[]) ORDER BY a.at

-- name: notes_of
-- What colleagues wrote about cases that nobody else reported.
SELECT case_id, at, kind, text FROM notes WHERE case_id = ANY(%(alone)s::bigint[]) ORDER BY id

-- name: documents_of
-- Files that colleagues put beside cases that nobody else reported.
SELECT case_id, at, name, media_type, size, encode(sha256, 'hex') AS sha256
FROM documents WHERE case_id = ANY(%(alone)s::bigint[]) ORDER BY id

-- name: raw_of
SELECT raw, raw_blob FROM report_contents WHERE report_id = %(report)s

-- name: open_emergencies
SELECT DISTINCT c.id FROM cases c JOIN reports r ON r.case_id = c.id
WHERE r.person_id = %(person)s AND c.priority = 'P1' AND c.status NOT IN ('concluded', 'closed')

-- name: lone_blobs
-- Blobs that only these reports refer to.
SELECT DISTINCT sha256 FROM (
    SELECT encode(a.sha256, 'hex') AS sha256 FROM report_attachments a WHERE a.report_id = ANY(%(reports)s::bigint[])
    UNION SELECT t.raw_blob FROM report_contents t WHERE t.report_id = ANY(%(reports)s::bigint[])
    UNION SELECT encode(p.sha256, 'hex') FROM pictures p JOIN report_attachments a ON a.sha256 = p.source
        WHERE a.report_id = ANY(%(reports)s::bigint[])
) AS mine
WHERE sha256 IS NOT NULL
  AND NOT EXISTS (SELECT FROM report_attachments o
                  WHERE o.sha256 = decode(mine.sha256, 'hex') AND o.report_id <> ALL(%(reports)s::bigint[]))
  AND NOT EXISTS (SELECT FROM report_contents o
                  WHERE o.raw_blob = mine.sha256 AND o.report_id <> ALL(%(reports)s::bigint[]))

-- name: erase_contents
DELETE FROM report_contents WHERE report_id = ANY(%(reports)s::bigint[])

-- name: erase_attachments
WITH drawn AS (DELETE FROM pictures p USING report_attachments a
               WHERE a.sha256 = p.source AND a.report_id = ANY(%(reports)s::bigint[]))
DELETE FROM report_attachments WHERE report_id = ANY(%(reports)s::bigint[])

-- name: mark_reports
-- The digest stays: the same mail or call fetched again is recognised and not taken in anew.
UPDATE reports SET erased_at = %(now)s WHERE id = ANY(%(reports)s::bigint[]) AND erased_at IS NULL

-- name: erase_messages
WITH files AS (DELETE FROM message_attachments WHERE message_id = ANY(%(messages)s::bigint[]))
DELETE FROM message_contents WHERE message_id = ANY(%(messages)s::bigint[])

-- name: stop_messages
UPDATE messages SET state = 'suppressed', due_at = NULL, reason = 'erased'
WHERE id = ANY(%(messages)s::bigint[]) AND state = 'queued'

-- name: erase_notes
DELETE FROM notes WHERE case_id = ANY(%(alone)s::bigint[])

-- name: lone_documents
-- Files beside these cases that nothing else refers to.
SELECT encode(d.sha256, 'hex') AS sha256 FROM documents d WHERE d.case_id = ANY(%(alone)s::bigint[])
  AND NOT EXISTS (SELECT FROM documents o WHERE o.sha256 = d.sha256 AND o.case_id <> ALL(%(alone)s::bigint[]))
  AND NOT EXISTS (SELECT FROM report_attachments a WHERE a.sha256 = d.sha256)

-- name: erase_documents
DELETE FROM documents WHERE case_id = ANY(%(alone)s::bigint[])

-- name: erase_comments
DELETE FROM rating_comments WHERE report_id = ANY(%(reports)s::bigint[])

-- name: called
-- What somebody is known as: names, and addresses and numbers.
SELECT DISTINCT name, value FROM (
    SELECT name, NULL AS value FROM people WHERE id = %(person)s
    UNION ALL SELECT NULL, value FROM identities WHERE person_id = %(person)s
    UNION ALL SELECT t.sender_name, v.value FROM reports r JOIN report_contents t ON t.report_id = r.id
        CROSS JOIN LATERAL (VALUES (t.sender_phone), (t.sender_email)) AS v(value) WHERE r.person_id = %(person)s
) AS known

-- name: notes_said
SELECT id, text FROM notes WHERE case_id = ANY(%(cases)s::bigint[])

-- name: notes_scrub
UPDATE notes SET text = %(text)s WHERE id = %(id)s

-- name: proposals_said
SELECT p.id, c.fault, c.parts, c.tools, c.access, c.safety
FROM proposals p JOIN proposal_contents c ON c.proposal_id = p.id WHERE p.case_id = ANY(%(cases)s::bigint[])

-- name: proposals_scrub
UPDATE proposal_contents SET fault = %(fault)s, parts = %(parts)s, tools = %(tools)s, access = %(access)s, safety = %(safety)s
WHERE proposal_id = %(id)s

-- name: analyses_said
SELECT a.id, c.cause, c.evidence
FROM analyses a JOIN analysis_contents c ON c.analysis_id = a.id WHERE a.case_id = ANY(%(cases)s::bigint[])

-- name: analyses_scrub
UPDATE analysis_contents SET cause = %(cause)s, evidence = %(evidence)s WHERE analysis_id = %(id)s

-- name: cards_said
SELECT s.id, c.work, c.parts
FROM service_cards s JOIN service_card_contents c ON c.card_id = s.id WHERE s.case_id = ANY(%(cases)s::bigint[])

-- name: cards_scrub
UPDATE service_card_contents SET work = %(work)s, parts = %(parts)s WHERE card_id = %(id)s

-- name: documents_said
SELECT id, name FROM documents WHERE case_id = ANY(%(cases)s::bigint[])

-- name: documents_scrub
UPDATE documents SET name = %(name)s WHERE id = %(id)s

-- name: messages_said
SELECT m.id, c.subject, c.text
FROM messages m JOIN message_contents c ON c.message_id = m.id WHERE m.case_id = ANY(%(cases)s::bigint[])

-- name: messages_scrub
UPDATE message_contents SET subject = %(subject)s, text = %(text)s WHERE message_id = %(id)s

-- name: defer
-- Asked for once; done when the emergency is over.
INSERT INTO audit (at, actor_kind, actor_id, act, object, data)
SELECT %(now)s, %(actor_kind)s, %(actor_id)s, 'erasure_deferred', %(person)s::text, %(data)s
WHERE NOT EXISTS (SELECT FROM audit a JOIN people p ON p.id::text = a.object
                  WHERE a.act = 'erasure_deferred' AND a.object = %(person)s::text AND p.erased_at IS NULL)

-- name: deferred
SELECT DISTINCT ON (p.id) p.id, a.actor_kind, a.actor_id FROM audit a JOIN people p ON p.id::text = a.object
WHERE a.act = 'erasure_deferred' AND p.erased_at IS NULL ORDER BY p.id, a.id

-- name: mark_calls
-- First of all: what the provider tells of them from then on leaves no contents.
UPDATE calls SET erased_at = %(now)s WHERE sid = ANY(%(calls)s::text[])

-- name: erase_calls
DELETE FROM call_contents WHERE sid = ANY(%(calls)s::text[])

-- name: end_callbacks
-- Nobody is there to be called back: offers of it are withdrawn, and what rings is due to be hung up. Somebody who is on
-- the line is not cut off.
WITH ended AS (
    UPDATE work_items w SET state = 'done', agent_id = NULL, epoch = w.epoch + 1
    FROM (SELECT id, agent_id FROM work_items
          WHERE kind = 'callback' AND state <> 'done' AND call_sid = ANY(%(calls)s::text[]) FOR UPDATE) AS before
    WHERE w.id = before.id
      AND NOT EXISTS (SELECT FROM rings r LEFT JOIN calls k ON k.sid = r.sid
                      WHERE r.item_id = w.id AND r.purpose = 'customer' AND r.state = 'taken' AND k.ended_at IS NULL)
    RETURNING w.id, before.agent_id
), withdrawn AS (
    UPDATE offers SET state = 'withdrawn', answered_at = lease_now()
    WHERE state = 'offered' AND item_id IN (SELECT id FROM ended)
)
UPDATE rings r SET state = 'ringing', due_at = lease_now(), reason = 'erased', phone = NULL,
                   agent_id = coalesce(r.agent_id, e.agent_id)
FROM ended e WHERE r.item_id = e.id AND r.state IN ('due', 'ringing')

-- name: erase_turns
DELETE FROM call_turns WHERE sid = ANY(%(calls)s::text[])

-- name: erase_transcripts
DELETE FROM transcripts WHERE recording_sid IN (SELECT sid FROM recordings WHERE call_sid = ANY(%(calls)s::text[]))

-- name: erase_captions
DELETE FROM captions WHERE call_sid = ANY(%(calls)s::text[])

-- name: erase_recordings
-- Those that may still be at the provider are due there.
UPDATE recordings SET state = 'erased', sha256 = NULL, attempts = 0,
                      due_at = CASE WHEN state IN ('fetched', 'erased') THEN due_at ELSE %(now)s END
WHERE call_sid = ANY(%(calls)s::text[])

-- name: erase_identities
DELETE FROM identities WHERE person_id = %(person)s

-- name: erase_person
UPDATE people SET name = NULL, erased_at = %(now)s WHERE id = %(person)s

-- name: add_audit
INSERT INTO audit (at, actor_kind, actor_id, act, object, data)
VALUES (%(now)s, %(actor_kind)s, %(actor_id)s, %(act)s, %(object)s, %(data)s)

-- name: expired_reports
-- Reports whose case ended long ago and whose content has not been erased yet.
SELECT r.id, r.case_id FROM reports r JOIN cases c ON c.id = r.case_id
WHERE r.erased_at IS NULL AND c.closed_at < %(before)s ORDER BY r.id LIMIT 500

-- name: expired_calls
SELECT sid FROM calls WHERE erased_at IS NULL AND ended_at < %(before)s ORDER BY ended_at LIMIT 500

-- name: expired_recordings
SELECT sid, encode(sha256, 'hex') AS sha256 FROM recordings
WHERE state IN ('fetched', 'failed') AND created_at < %(before)s ORDER BY created_at LIMIT 500

-- name: expire_recordings
UPDATE recordings SET state = 'erased', sha256 = NULL, attempts = 0,
                      due_at = CASE WHEN state = 'fetched' THEN due_at ELSE %(now)s END
WHERE sid = ANY(%(sids)s::text[])

-- name: expire_transcripts
DELETE FROM transcripts t USING recordings r WHERE r.sid = t.recording_sid AND r.created_at < %(before)s

-- name: expire_captions
DELETE FROM captions WHERE at < %(before)s

-- name: expire_message_files
DELETE FROM message_attachments t USING messages m WHERE m.id = t.message_id AND m.created_at < %(before)s

-- name: lone_message_blobs
-- Blobs that only these messages refer to.
SELECT DISTINCT encode(f.sha256, 'hex') AS sha256 FROM message_attachments f JOIN messages m ON m.id = f.message_id
WHERE (m.id = ANY(%(messages)s::bigint[]) OR m.created_at < %(before)s)
  AND NOT EXISTS (SELECT FROM message_attachments o JOIN messages n ON n.id = o.message_id
                  WHERE o.sha256 = f.sha256 AND n.id <> ALL(%(messages)s::bigint[]) AND NOT n.created_at < %(before)s)
  AND NOT EXISTS (SELECT FROM report_attachments a WHERE a.sha256 = f.sha256)

-- name: expire_messages
DELETE FROM message_contents t USING messages m WHERE m.id = t.message_id AND m.created_at < %(before)s

-- name: expire_sessions
DELETE FROM sessions WHERE expires_at < %(now)s

-- name: lonely_people
-- People all of whose reports are erased.
SELECT p.id FROM people p
WHERE p.erased_at IS NULL AND p.created_at < %(before)s
  AND NOT EXISTS (SELECT FROM reports r WHERE r.person_id = p.id AND r.erased_at IS NULL) LIMIT 500

-- name: doom
INSERT INTO doomed_files (sha256, since) SELECT DISTINCT f, %(now)s::timestamptz FROM unnest(%(files)s::text[]) AS f
ON CONFLICT (sha256) DO NOTHING

-- name: doomed
-- Whether something refers to them again: the same file came once more.
SELECT d.sha256,
       EXISTS (SELECT FROM report_attachments a WHERE a.sha256 = decode(d.sha256, 'hex'))
       OR EXISTS (SELECT FROM report_contents t WHERE t.raw_blob = d.sha256)
       OR EXISTS (SELECT FROM message_attachments m WHERE m.sha256 = decode(d.sha256, 'hex'))
       OR EXISTS (SELECT FROM documents f WHERE f.sha256 = decode(d.sha256, 'hex'))
       OR EXISTS (SELECT FROM pictures p WHERE p.sha256 = decode(d.sha256, 'hex'))
       OR EXISTS (SELECT FROM recordings g WHERE g.sha256 = decode(d.sha256, 'hex')) AS wanted
FROM doomed_files d LIMIT 500

-- name: doomed_left
SELECT count(*) AS n FROM doomed_files

-- name: done_with
DELETE FROM doomed_files WHERE sha256 = %(sha256)s
