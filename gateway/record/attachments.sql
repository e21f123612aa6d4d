-- name: known
-- Which of these contents a case already holds.
SELECT DISTINCT a.sha256 FROM report_attachments a JOIN reports r ON r.id = a.report_id
WHERE r.case_id = %(case)s AND a.sha256 = ANY(%(digests)s::bytea[])
