-- name: saved
SELECT id, agent_id, name, query, shared FROM saved_views WHERE agent_id = %(agent)s OR shared
ORDER BY shared, lower(name), id

-- name: save
INSERT INTO saved_views (agent_id, name, query, shared, created_at)
VALUES (%(agent)s, %(name)s, %(query)s, %(shared)s, %(now)s)
ON CONFLICT (agent_id, name) DO UPDATE SET query = excluded.query, shared = excluded.shared

-- name: remove
DELETE FROM saved_views WHERE id = %(view)s AND (agent_id = %(agent)s OR (shared AND %(leads)s))

-- name: mention
INSERT INTO mentions (note_id, agent_id, case_id)
SELECT %(note)s, id, %(case)s FROM agents WHERE id = ANY(%(agents)s::text[]) AND disabled_at IS NULL
ON CONFLICT DO NOTHING RETURNING agent_id

-- name: seen
UPDATE mentions SET seen_at = %(now)s WHERE agent_id = %(agent)s AND case_id = %(case)s AND seen_at IS NULL

-- name: mentioned
SELECT count(DISTINCT case_id) AS cases FROM mentions WHERE agent_id = %(agent)s AND seen_at IS NULL
