-- name: lost
-- A text that was handed over and did not arrive; any later word about it changes nothing.
UPDATE messages SET state = 'failed', reason = %(reason)s
WHERE provider_id = %(sid)s AND state IN ('sent', 'uncertain')
RETURNING id, case_id, report_id, kind
