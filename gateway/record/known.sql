-- name: fault
-- The newest open case about a place that a stranger may be told of: several have reported it, or somebody is coming.
SELECT c.id, c.status, c.due_solution, c.category,
       (SELECT v.starts_at FROM visits v WHERE v.case_id = c.id AND v.state = 'booked' LIMIT 1) AS visit_at
FROM cases c
WHERE c.status IN ('open', 'assigned', 'waiting', 'planned') AND c.merged_into IS NULL
  AND c.category IN ('no_start', 'interrupted', 'slow', 'offline', 'damage')
  AND (c.incident OR c.status = 'planned')
  AND ((c.charger_id IS NOT NULL AND c.charger_id = %(charger)s) OR (c.site_id = %(site)s AND c.whole_site))
ORDER BY c.last_report_at DESC LIMIT 1

-- name: maintenance
SELECT max(ends_at) AS ends_at FROM maintenance
WHERE site_id = %(site)s AND ended_at IS NULL AND starts_at <= %(now)s AND ends_at > %(now)s
HAVING max(ends_at) IS NOT NULL

-- name: danger
-- Whether danger to people is open at a charger, or at its site without anybody knowing at which one.
SELECT EXISTS (
    SELECT FROM cases c
    WHERE c.status IN ('open', 'assigned', 'waiting', 'planned') AND c.merged_into IS NULL -- as their index has it
        AND (c.category = 'safety' OR c.priority = 'P1')
        AND (c.charger_id = %(charger)s OR (
            (c.charger_id IS NULL OR c.whole_site)
            AND c.site_id = (SELECT h.site_id FROM chargers h WHERE h.id = %(charger)s)))
) AS danger
