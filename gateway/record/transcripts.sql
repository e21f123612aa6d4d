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
