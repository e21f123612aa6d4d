-- name: known_reports
-- Which of these digests are reports that we have.
SELECT digest FROM reports WHERE digest = ANY(%(digests)b::bytea[])

-- name: known_recordings
SELECT sid FROM recordings WHERE sid = ANY(%(sids)s::text[])

-- name: open_legs
-- Which of these calls are of telephones that we rang, and not over here.
SELECT r.sid FROM rings r LEFT JOIN calls k ON k.sid = r.sid WHERE r.sid = ANY(%(sids)s::text[]) AND k.ended_at IS NULL

-- name: taken_for_sent
-- Which of these texts of ours are not known to be lost.
SELECT provider_id FROM messages WHERE provider_id = ANY(%(sids)s::text[]) AND state IN ('sent', 'uncertain')

-- name: since
-- From when on the provider's lists must be read: an hour before they were last compared to their end, since what was
-- under way then stands among what began before it.
SELECT least(%(now)s, (SELECT max(slot) FROM heartbeats WHERE role = %(compared)s)) - interval '1 hour' AS since

-- name: due_recordings
-- Recordings to fetch; whoever takes one moves its due time, so that nobody else does meanwhile.
UPDATE recordings r SET attempts = r.attempts + 1, due_at = %(now)s + interval '1 minute' * least(power(2, r.attempts), 240)
FROM (SELECT sid FROM recordings WHERE due_at <= %(now)s AND state = 'announced'
      ORDER BY due_at LIMIT 10 FOR UPDATE SKIP LOCKED) AS taken
WHERE r.sid = taken.sid
RETURNING r.sid, r.call_sid, r.attempts, coalesce(r.report_id, (SELECT report_id FROM calls WHERE sid = r.call_sid),
          (SELECT id FROM reports WHERE call_sid = r.call_sid ORDER BY id LIMIT 1)) AS report_id

-- name: fetched
-- From now on it is due to be deleted there.
UPDATE recordings SET state = 'fetched', sha256 = %(sha256)s, fetched_at = %(now)s, due_at = %(now)s, attempts = 0,
                      transcribe_at = CASE WHEN NOT EXISTS (
                          SELECT FROM transcripts WHERE recording_sid = recordings.sid) THEN %(now)s END,
                      report_id = coalesce(report_id, %(report)s)
WHERE sid = %(sid)s AND state = 'announced'

-- name: belong
-- Recordings that were here before the report of their call: they are of its case, and it is told what became of them.
WITH theirs AS (
    UPDATE recordings g SET report_id = r.id FROM reports r
    WHERE r.id = ANY(%(reports)s::bigint[]) AND g.call_sid = r.call_sid AND g.report_id IS NULL
    RETURNING g.sid, g.call_sid, g.state, r.id AS report_id, r.case_id
)
INSERT INTO timeline (case_id, at, kind, actor_kind, report_id, data)
SELECT case_id, %(now)s, CASE state WHEN 'fetched' THEN 'recording_fetched' ELSE 'recording_missing' END, 'system',
       report_id, jsonb_build_object('recording', sid, 'call', call_sid)
FROM theirs WHERE state IN ('fetched', 'failed')

-- name: due_deletions
-- Recordings that the provider still has and need not have any more, taken as those to fetch are.
UPDATE recordings r SET attempts = r.attempts + 1, due_at = %(now)s + interval '1 minute' * least(power(2, r.attempts), 240)
FROM (SELECT sid FROM recordings WHERE due_at <= %(now)s AND state IN ('fetched', 'erased')
      ORDER BY due_at LIMIT 10 FOR UPDATE SKIP LOCKED) AS taken
WHERE r.sid = taken.sid
RETURNING r.sid, r.attempts

-- name: gone
UPDATE recordings SET due_at = NULL WHERE sid = %(sid)s AND state IN ('fetched', 'erased')

-- name: given_up
UPDATE recordings SET state = 'failed', due_at = NULL WHERE sid = %(sid)s AND state = 'announced'

-- name: case_of_report
SELECT case_id FROM reports WHERE id = %(report)s
