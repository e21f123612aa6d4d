-- name: recording
SELECT encode(g.sha256, 'hex') AS digest, r.case_id AS "case" FROM recordings g JOIN reports r ON r.id = g.report_id
WHERE g.sid = %(sid)s AND g.state = 'fetched'

-- name: of_case
SELECT g.sid, g.call_sid, g.report_id, g.state, g.seconds, g.created_at, t.text, t.said, t.language
FROM recordings g JOIN reports r ON r.id = g.report_id LEFT JOIN transcripts t ON t.recording_sid = g.sid
WHERE r.case_id = %(case)s AND (g.state IN ('announced', 'empty', 'fetched', 'failed') OR t.text IS NOT NULL) ORDER BY g.created_at

-- name: heard
INSERT INTO audit (at, actor_kind, actor_id, act, object, data)
VALUES (%(now)s, 'agent', %(agent)s, 'recording_heard', %(sid)s, jsonb_build_object('case', %(case)s::bigint))
