-- name: open
SELECT * FROM visits WHERE case_id = %(case)s AND ended_at IS NULL

-- name: of_case
SELECT * FROM visits WHERE case_id = %(case)s ORDER BY id

-- name: times
SELECT nth, starts_at, ends_at FROM visit_times WHERE visit_id = %(visit)s ORDER BY nth

-- name: by_token
SELECT v.*, c.status AS case_status, c.timezone, c.site_id, c.charger_id, c.category, r.token AS report_token
FROM visits v JOIN cases c ON c.id = v.case_id LEFT JOIN reports r ON r.id = v.report_id WHERE v.token = %(token)s

-- name: add
INSERT INTO visits (case_id, agent_id, report_id, token, language, state, created_at, changed_at)
VALUES (%(case)s, %(agent)s, %(report)s, %(token)s, %(language)s, 'proposed', %(now)s, %(now)s)
RETURNING id, sequence

-- name: again
-- Other times for a visit that is not over: the link stays the same.
UPDATE visits SET state = 'proposed', agent_id = %(agent)s, starts_at = NULL, ends_at = NULL, sequence = sequence + 1,
                  changed_at = %(now)s
WHERE id = %(visit)s AND ended_at IS NULL RETURNING id, sequence

-- name: clear_times
DELETE FROM visit_times WHERE visit_id = %(visit)s

-- name: add_times
INSERT INTO visit_times (visit_id, nth, starts_at, ends_at)
SELECT %(visit)s, r.nth, r.starts_at, r.ends_at
FROM jsonb_to_recordset(%(rows)s) AS r(nth smallint, starts_at timestamptz, ends_at timestamptz)

-- name: book
UPDATE visits SET state = 'booked', starts_at = t.starts_at, ends_at = t.ends_at, changed_at = %(now)s
FROM visit_times t
WHERE visits.id = %(visit)s AND t.visit_id = visits.id AND t.nth = %(nth)s AND visits.state = 'proposed'
RETURNING visits.starts_at, visits.ends_at

-- name: end
UPDATE visits SET state = %(state)s, verified = %(verified)s, ended_at = %(now)s, changed_at = %(now)s
WHERE id = %(visit)s AND ended_at IS NULL

-- name: lapsed
-- Proposed times that have all begun without an answer, and booked visits that nobody reported on.
SELECT v.id, v.case_id FROM visits v
WHERE v.ended_at IS NULL
  AND CASE WHEN v.state = 'proposed'
           THEN (SELECT max(t.starts_at) FROM visit_times t WHERE t.visit_id = v.id) <= %(now)s
           ELSE v.ends_at <= %(late)s END
ORDER BY v.id LIMIT 100

-- name: verified
-- Whether a visit of this interval ended with everything working.
SELECT EXISTS (
    SELECT FROM visits v JOIN cases c ON c.id = v.case_id
    WHERE v.case_id = %(case)s AND v.verified AND v.ended_at >= coalesce(c.reopened_at, c.opened_at)
) AS verified
