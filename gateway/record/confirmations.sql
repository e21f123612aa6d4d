-- name: confirm
INSERT INTO confirmations (report_id, concluded_at, at, by)
SELECT id, %(concluded)s, %(now)s, %(by)s FROM reports WHERE id = %(report)s AND case_id = %(case)s
ON CONFLICT DO NOTHING

-- name: case_of
-- The case of a report, and whether what was said at a moment is older than its conclusion.
SELECT r.case_id, coalesce(k.concluded_at > %(at)s, false) AS overtaken
FROM reports r JOIN cases k ON k.id = r.case_id WHERE r.id = %(report)s

-- name: asked
-- Cases about whose present conclusion a number was asked by text before a moment, without an answer: one row each.
SELECT DISTINCT ON (k.id) k.id AS case_id, r.id AS report_id
FROM message_contents t JOIN messages m ON m.id = t.message_id JOIN reports r ON r.id = m.report_id JOIN cases k ON k.id = r.case_id
WHERE t.recipient = %(phone)s AND m.kind = 'concluded' AND m.channel = 'sms' AND m.state IN ('queued', 'sent', 'uncertain')
  AND k.status = 'concluded' AND m.created_at >= k.concluded_at AND m.created_at <= %(at)s
  AND NOT EXISTS (SELECT FROM confirmations f WHERE f.report_id = r.id AND f.concluded_at = k.concluded_at)
ORDER BY k.id, m.id DESC LIMIT 2

-- name: any
SELECT EXISTS (
    SELECT FROM confirmations f JOIN reports r ON r.id = f.report_id
    WHERE r.case_id = %(case)s AND f.concluded_at = %(concluded)s
) AS confirmed

-- name: silent
-- People who were asked whether it is solved, and none of whose reports was answered with yes.
SELECT count(DISTINCT coalesce(r.person_id, -r.id)) AS people
FROM reports r JOIN report_contents t ON t.report_id = r.id
WHERE r.case_id = %(case)s AND r.channel <> 'alarm' AND NOT (r.flags && '{auto_reply,bounce,spam,answer}')
  AND coalesce(t.sender_email, t.sender_phone) IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM confirmations f JOIN reports o ON o.id = f.report_id
      WHERE o.case_id = r.case_id AND f.concluded_at = %(concluded)s
        AND coalesce(o.person_id, -o.id) = coalesce(r.person_id, -r.id))

-- name: tell_silent
-- One message to each who has not said how it went, and was not asked on the page where they said yes, in the language
-- and by the channel of their newest report.
INSERT INTO messages (case_id, report_id, person_id, channel, kind, language, state, created_at, due_at)
SELECT DISTINCT ON (coalesce(r.person_id, -r.id))
       r.case_id, r.id, r.person_id,
       CASE WHEN t.sender_email IS NOT NULL AND r.channel NOT IN ('phone', 'sms', 'whatsapp') THEN 'email' ELSE 'sms' END,
       %(kind)s, r.language, 'queued', %(now)s, lease_now()
FROM reports r JOIN report_contents t ON t.report_id = r.id
WHERE r.case_id = %(case)s AND r.channel <> 'alarm' AND NOT (r.flags && '{auto_reply,bounce,spam,answer}')
  AND coalesce(t.sender_email, t.sender_phone) IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM confirmations f JOIN reports o ON o.id = f.report_id
      WHERE o.case_id = r.case_id AND f.concluded_at = %(concluded)s AND f.by IS NULL
        AND coalesce(o.person_id, -o.id) = coalesce(r.person_id, -r.id))
  AND NOT EXISTS (
      SELECT FROM ratings g JOIN reports o ON o.id = g.report_id
      WHERE o.case_id = r.case_id AND coalesce(o.person_id, -o.id) = coalesce(r.person_id, -r.id))
ORDER BY coalesce(r.person_id, -r.id), r.id DESC
RETURNING report_id

-- name: rate
INSERT INTO ratings (report_id, case_id, at, score)
SELECT id, case_id, %(now)s, %(score)s FROM reports WHERE id = %(report)s AND case_id = %(case)s
ON CONFLICT DO NOTHING

-- name: comment
INSERT INTO rating_comments (report_id, text) VALUES (%(report)s, %(text)s)

-- name: rated
SELECT EXISTS (SELECT FROM ratings WHERE report_id = %(report)s) AS rated
