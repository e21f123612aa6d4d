-- name: talk
-- A talk whose words may be kept; who else brings words of it waits.
SELECT case_id FROM calls WHERE sid = %(call)s AND silenced_at IS NULL AND erased_at IS NULL FOR NO KEY UPDATE

-- name: lately
SELECT session, sequence, speaker, text FROM captions WHERE call_sid = %(call)s AND speaker = %(speaker)s
ORDER BY at DESC, sequence DESC LIMIT %(many)s

-- name: keep
INSERT INTO captions (call_sid, session, sequence, at, speaker, text)
VALUES (%(call)s, %(session)s, %(sequence)s, %(at)s, %(speaker)s, %(text)s)
ON CONFLICT (call_sid, session, sequence) DO NOTHING

-- name: mask
UPDATE captions SET text = %(text)s WHERE call_sid = %(call)s AND session = %(session)s AND sequence = %(sequence)s

-- name: of_case
-- What was said in talks that no recording tells of.
SELECT c.sid AS call, r.id AS report_id, c.ended_at IS NULL AS live, p.speaker, p.text,
       greatest(extract(epoch FROM p.at - coalesce(c.answered_at, c.started_at)), 0)::float8 AS starts
FROM reports r JOIN calls c ON c.sid = r.call_sid JOIN captions p ON p.call_sid = c.sid
WHERE r.case_id = %(case)s AND NOT EXISTS (
    SELECT FROM recordings g JOIN transcripts t ON t.recording_sid = g.sid WHERE g.call_sid = c.sid)
ORDER BY p.at, p.sequence
