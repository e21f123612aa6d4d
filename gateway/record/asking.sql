-- name: over
-- Talks that have ended without being rated, and whom they were with. Nobody is asked about a danger.
SELECT c.sid, c.case_id, c.report_id,
       CASE c.direction WHEN 'inbound' THEN coalesce(t.state #>> '{call,facts,phone}', t.from_number) ELSE t.to_number END AS phone,
       coalesce(c.language, k.language) AS language
FROM calls c JOIN cases k ON k.id = c.case_id JOIN call_contents t ON t.sid = c.sid
WHERE c.answered_at IS NOT NULL AND c.asked_at IS NULL AND c.rating IS NULL
  AND c.ended_at > %(now)s - %(lately)s AND c.ended_at >= c.answered_at + %(least)s AND k.priority <> 'P1'
ORDER BY c.ended_at LIMIT 50

-- name: decide
-- Once, by whoever comes first.
UPDATE calls SET asked_at = %(now)s WHERE sid = %(call)s AND asked_at IS NULL AND rating IS NULL RETURNING sid

-- name: asked_lately
SELECT EXISTS (
    SELECT FROM message_contents t JOIN messages m ON m.id = t.message_id
    WHERE t.recipient = %(phone)s AND m.kind = 'rating' AND m.created_at > %(now)s - %(rest)s
) AS asked

-- name: asked_by
UPDATE calls SET asked_by = %(message)s WHERE sid = %(call)s

-- name: open_question
-- The call about which a number was asked last before a moment, when that is still without an answer.
SELECT c.sid, coalesce(k.merged_into, k.id) AS case_id
FROM message_contents t JOIN messages m ON m.id = t.message_id JOIN calls c ON c.asked_by = m.id JOIN cases k ON k.id = c.case_id
WHERE t.recipient = %(phone)s AND m.kind = 'rating' AND m.created_at > %(at)s - %(patience)s AND m.created_at <= %(at)s
  AND c.rating IS NULL
ORDER BY m.id DESC LIMIT 1
