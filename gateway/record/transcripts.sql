-- name: due
-- Recordings that are here and not text yet; whoever takes one moves its due time, so that nobody else does meanwhile.
UPDATE recordings r SET transcribe_tries = r.transcribe_tries + 1,
                        transcribe_at = CASE WHEN r.transcribe_tries < 11 THEN
                            %(now)s + interval '15 minutes' * least(power(2, r.transcribe_tries), 16) END
FROM (SELECT sid FROM recordings WHERE transcribe_at <= %(now)s AND state = 'fetched'
      ORDER BY transcribe_at LIMIT 4 FOR UPDATE SKIP LOCKED) AS taken
WHERE r.sid = taken.sid
RETURNING r.sid, r.call_sid, r.report_id, encode(r.sha256, 'hex') AS digest, r.transcribe_tries AS tries,
          (SELECT language FROM calls WHERE sid = r.call_sid) AS language

-- name: keep
WITH done AS (UPDATE recordings SET transcribe_at = NULL WHERE sid = %(sid)s)
INSERT INTO transcripts (recording_sid, language, text, said)
SELECT sid, %(language)s, %(text)s, %(said)s FROM recordings WHERE sid = %(sid)s AND state = 'fetched'
ON CONFLICT (recording_sid) DO NOTHING

-- name: case
SELECT case_id FROM reports WHERE id = %(report)s

-- name: unheard
-- Words of recordings that nobody has looked through for danger, and the case of each: `alone` when a caller told them to
-- no colleague, who would have heard it.
SELECT t.recording_sid AS sid, g.call_sid, t.text, r.case_id, c.priority, c.charger_id AS charger, k.language,
       o.state #>> '{call,facts,phone}' AS phone,
       k.direction IS DISTINCT FROM 'outbound' AND (
           t.recording_sid IN (o.state #>> '{call,facts,recording}', o.state #>> '{call,facts,message}')
           OR k.answered_at IS NULL AND NOT EXISTS (
               SELECT FROM rings s WHERE s.room = 'call-' || g.call_sid AND s.state = 'taken')) AS alone
FROM transcripts t JOIN recordings g ON g.sid = t.recording_sid
JOIN reports r ON r.id = coalesce(g.report_id, (SELECT id FROM reports WHERE call_sid = g.call_sid ORDER BY id LIMIT 1))
JOIN cases c ON c.id = r.case_id
LEFT JOIN calls k ON k.sid = g.call_sid LEFT JOIN call_contents o ON o.sid = g.call_sid
WHERE t.heard_at IS NULL ORDER BY t.recording_sid LIMIT 20

-- name: heard
UPDATE transcripts SET heard_at = %(now)s WHERE recording_sid = ANY(%(sids)s::text[])
