-- name: work
-- The first cases to work on: what is put aside comes last, then by priority, due time and arrival.
WITH chosen AS (
    SELECT c.*, least(c.due_first_response, c.due_next_update, c.due_solution) AS due_at,
           c.status IN ('waiting', 'planned') AS aside, count(*) OVER () AS total
    FROM cases c
    WHERE c.status = ANY(%(status)s)
      AND (%(queue)s::text IS NULL OR c.queue = %(queue)s)
      AND (%(assignee)s::text IS NULL OR c.assignee = %(assignee)s)
      AND (NOT %(free)s OR c.assignee IS NULL)
      AND (c.assignee = %(reaching)s OR ((%(queues)s::text[] = '{}' OR c.queue = ANY(%(queues)s::text[]))
                                         AND (%(sites)s::text[] = '{}' OR c.site_id = ANY(%(sites)s::text[]))))
      AND (%(called)s::text IS NULL OR EXISTS (
            SELECT FROM mentions m WHERE m.case_id = c.id AND m.agent_id = %(called)s AND m.seen_at IS NULL))
      AND (%(priority)s::text IS NULL OR c.priority = %(priority)s)
      AND (%(line)s::smallint IS NULL OR c.line = %(line)s)
      AND (%(category)s::text IS NULL OR c.category = %(category)s)
      AND (%(site)s::text IS NULL OR c.site_id = %(site)s)
    ORDER BY aside, c.priority, due_at NULLS LAST, c.opened_at, c.id
    OFFSET %(offset)s LIMIT %(limit)s
)
SELECT c.*, counted.channels, counted.reports, opening.subject, opening.text, opening.sender_name, opening.reasons
FROM chosen c
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT r.channel ORDER BY r.channel), '{}') AS channels, count(*) AS reports
    FROM reports r WHERE r.case_id = c.id
) AS counted
LEFT JOIN LATERAL (
    SELECT t.subject, left(t.text, 160) AS text, t.sender_name, r.reasons
    FROM reports r LEFT JOIN report_contents t ON t.report_id = r.id
    WHERE r.case_id = c.id ORDER BY r.id LIMIT 1
) AS opening ON true
ORDER BY c.aside, c.priority, c.due_at NULLS LAST, c.opened_at, c.id

-- name: counts
SELECT count(*) AS "all", count(*) FILTER (WHERE assignee = %(agent)s) AS mine,
       count(*) FILTER (WHERE assignee IS NULL) AS unassigned, count(*) FILTER (WHERE priority = 'P1') AS urgent
FROM cases c WHERE status IN ('open', 'assigned', 'waiting', 'planned')
  AND (c.assignee = %(reaching)s OR ((%(queues)s::text[] = '{}' OR c.queue = ANY(%(queues)s::text[]))
                                     AND (%(sites)s::text[] = '{}' OR c.site_id = ANY(%(sites)s::text[]))))
