-- name: known
-- Which of these contents a case already holds.
SELECT DISTINCT a.sha256 FROM report_attachments a JOIN reports r ON r.id = a.report_id
WHERE r.case_id = %(case)s AND a.sha256 = ANY(%(digests)b::bytea[])

-- name: add_to_message
INSERT INTO message_attachments (message_id, name, media_type, size, sha256)
SELECT %(message)s, r.name, r.media_type, r.size, decode(r.sha256, 'hex')
FROM jsonb_to_recordset(%(rows)s) AS r(name text, media_type text, size bigint, sha256 text, nth bigint) ORDER BY r.nth

-- name: of_message
SELECT name, media_type, encode(sha256, 'hex') AS sha256 FROM message_attachments
WHERE message_id = %(message)s ORDER BY id

-- name: picture
SELECT encode(sha256, 'hex') AS sha256, sha256 IS NULL AS impossible FROM pictures
WHERE source = decode(%(source)s, 'hex') AND width = %(width)s

-- name: keep_picture
INSERT INTO pictures (source, width, sha256, made_at)
VALUES (decode(%(source)s, 'hex'), %(width)s, decode(%(sha256)s, 'hex'), %(now)s)
ON CONFLICT (source, width) DO NOTHING

-- name: html
-- An HTML mail as it came, and its words.
SELECT t.html, coalesce(t.full_text, t.text) AS text FROM report_contents t JOIN reports r ON r.id = t.report_id
WHERE t.report_id = %(report)s AND t.html IS NOT NULL
