-- name: suggestions
-- Reports of this case that might belong to another, and reports of others that might belong here; undecided first.
SELECT s.* FROM (
SELECT r.id AS report, r.case_id AS holder, r.suggested, c.id AS other, c.category, c.priority, c.status, c.site_id,
       c.charger_id, c.queue, c.assignee, c.last_report_at, r.reasons->'duplicate' AS reasons, left(t.text, 160) AS text,
       (SELECT e.actor_id FROM timeline e
        WHERE e.case_id = r.case_id AND e.report_id = r.id AND e.kind = 'suggestion_declined'
        ORDER BY e.id DESC LIMIT 1) AS declined_by
FROM reports r
JOIN cases c ON c.id = CASE WHEN r.case_id = %(case)s THEN r.suggested ELSE r.case_id END
LEFT JOIN report_contents t ON t.report_id = r.id
WHERE ((r.case_id = %(case)s AND r.suggested IS NOT NULL) OR r.suggested = %(case)s)
  AND r.case_id <> r.suggested AND c.merged_into IS NULL
) AS s ORDER BY s.declined_by IS NOT NULL, s.report LIMIT 12

-- name: alarms
-- The last alarms of a charger, whatever case they are in.
SELECT r.id, r.received_at, r.case_id, r.fault_code, t.alarm FROM reports r
LEFT JOIN report_contents t ON t.report_id = r.id
WHERE r.charger_id = %(charger)s AND r.channel = 'alarm' ORDER BY r.received_at DESC LIMIT %(limit)s

-- name: earlier
-- Cases about the same charger that are over.
SELECT * FROM cases WHERE charger_id = %(charger)s AND id <> %(case)s AND status IN ('concluded', 'closed')
    AND merged_into IS NULL
ORDER BY last_report_at DESC LIMIT 5

-- name: gone
-- Reports that were here and are in another case now.
SELECT DISTINCT ON (r.id) r.id, r.case_id, e.at, left(t.text, 80) AS text
FROM timeline e JOIN reports r ON r.id = e.report_id LEFT JOIN report_contents t ON t.report_id = r.id
WHERE e.case_id = %(case)s AND e.kind = 'detached' AND r.case_id <> %(case)s ORDER BY r.id, e.id DESC
