-- name: states
SELECT charger_id AS charger, connector, faulty, code, since, changes, window_from, flapping_until, case_id AS "case"
FROM alarm_states WHERE charger_id = ANY(%(chargers)s::text[])

-- name: windows
-- Planned maintenance that goes on now at these sites.
SELECT id, site_id, ends_at, case_id FROM maintenance
WHERE site_id = ANY(%(sites)s::text[]) AND ended_at IS NULL AND starts_at <= %(now)s AND ends_at > %(now)s
ORDER BY ends_at

-- name: keep
INSERT INTO alarm_states (charger_id, connector, case_id, faulty, code, since, changes, window_from, flapping_until,
                          heard_at)
SELECT r.charger, r.connector, r."case", r.faulty, r.code, r.since, r.changes, r.window_from, r.flapping_until, %(now)s
FROM jsonb_to_recordset(%(rows)s) AS r(
    charger text, connector integer, "case" bigint, faulty boolean, code text, since timestamptz, changes smallint,
    window_from timestamptz, flapping_until timestamptz)
ON CONFLICT (charger_id, connector) DO UPDATE SET
    case_id = excluded.case_id, faulty = excluded.faulty, code = excluded.code, since = excluded.since,
    changes = excluded.changes, window_from = excluded.window_from, flapping_until = excluded.flapping_until,
    heard_at = excluded.heard_at

-- name: mute
-- A case of alarms that come from planned work: it waits, and its targets count from the end of the work.
UPDATE cases c SET status = 'waiting', waiting_until = r.until, muted = true, due_first_response = r.due_first_response,
                   due_line = r.due_line, due_next_update = r.due_next_update, due_solution = r.due_solution
FROM jsonb_to_recordset(%(rows)s) AS r(
    id bigint, until timestamptz, due_first_response timestamptz, due_line timestamptz, due_next_update timestamptz,
    due_solution timestamptz)
WHERE c.id = r.id

-- name: of_window
UPDATE maintenance SET case_id = %(case)s WHERE id = %(window)s

-- name: of_case
SELECT charger_id AS charger, connector, faulty, code, since, changes, window_from, flapping_until, case_id AS "case"
FROM alarm_states WHERE case_id = %(case)s ORDER BY charger_id, connector

-- name: silent
-- Open cases in which people report a fault of a charger that itself has said nothing of it, while others are heard.
SELECT c.id, c.charger_id,
       (SELECT max(s.heard_at) FROM alarm_states s WHERE s.charger_id = c.charger_id) AS heard_at
FROM cases c
WHERE c.opened_at > %(since)s AND c.opened_at <= %(before)s AND c.charger_id IS NOT NULL
  AND c.status IN ('open', 'assigned') AND c.category = ANY(%(categories)s::text[])
  AND EXISTS (SELECT FROM alarm_states WHERE heard_at > %(alive)s)
  AND NOT EXISTS (SELECT FROM alarm_states s WHERE s.charger_id = c.charger_id AND s.faulty)
  AND NOT EXISTS (SELECT FROM reports r WHERE r.case_id = c.id AND r.channel = 'alarm')
  AND NOT EXISTS (SELECT FROM timeline t WHERE t.case_id = c.id AND t.kind = 'charger_silent')
ORDER BY c.id LIMIT 100
