-- name: find
SELECT id, name, email, phone, role, line, languages, skills, queues, sites, region, max_calls, max_cases, language, theme,
       activity, activity_at, disabled_at
FROM agents WHERE id = %(id)s

-- name: everyone
SELECT id, name, email, phone, role, line, languages, skills, queues, sites, region, max_calls, max_cases, language, theme,
       activity, activity_at, disabled_at
FROM agents ORDER BY id

-- name: credentials
SELECT id, password_hash, totp_secret FROM agents WHERE lower(email) = lower(%(email)s) AND disabled_at IS NULL

-- name: set_password
UPDATE agents SET password_hash = %(hash)s WHERE id = %(id)s

-- name: set_activity
-- Becoming available starts the wait for work and forgets missed offers; staying available keeps its place.
UPDATE agents SET activity = %(activity)s, activity_at = lease_now(),
    idle_since = CASE WHEN %(activity)s = 'available' AND activity <> 'available' THEN lease_now() ELSE idle_since END,
    misses = CASE WHEN %(activity)s = 'available' THEN 0 ELSE misses END
WHERE id = %(id)s AND disabled_at IS NULL

-- name: watched
-- Who works with the console and should give signs of life: said to be there, or holding work they took since they were
-- last said to be offline. Not while a telephone rings for them or a caller is with them.
SELECT a.id FROM agents a
WHERE a.disabled_at IS NULL AND a.activity_at <= lease_now() - %(sign)s
  AND EXISTS (SELECT FROM sessions s WHERE s.agent_id = a.id AND s.expires_at > lease_now()
                                                  AND s.created_at <= lease_now() - %(sign)s)
  AND (a.activity <> 'offline' OR EXISTS (
      SELECT FROM cases c WHERE c.assignee = a.id AND c.status = 'assigned' AND c.assigned_at > a.activity_at))
  AND NOT EXISTS (SELECT FROM work_items w WHERE w.agent_id = a.id AND w.kind <> 'case' AND w.state IN ('offered', 'taken'))
  AND NOT EXISTS (SELECT FROM attending t WHERE t.agent_id = a.id)

-- name: left_behind
-- Cases of whoever has gone since they took them, when their time of grace is over.
SELECT c.id, c.assignee FROM agents a JOIN cases c ON c.assignee = a.id AND c.status = 'assigned'
WHERE a.disabled_at + (%(graces)s::jsonb ->> c.priority)::interval <= lease_now()
   OR (a.activity = 'offline' AND a.activity_at >= c.assigned_at
       AND a.activity_at + (%(graces)s::jsonb ->> c.priority)::interval <= lease_now())
ORDER BY c.priority, c.id LIMIT 200

-- name: set_preferences
UPDATE agents SET language = coalesce(%(language)s, language), theme = coalesce(%(theme)s, theme) WHERE id = %(id)s

-- name: session
SELECT data FROM sessions WHERE id = %(id)s AND expires_at > %(now)s

-- name: keep_session
INSERT INTO sessions (id, agent_id, data, created_at, expires_at)
VALUES (%(id)s, %(agent)s, %(data)s, %(now)s, %(expires)s)
ON CONFLICT (id) DO UPDATE SET agent_id = excluded.agent_id, data = excluded.data

-- name: end_session
DELETE FROM sessions WHERE id = %(id)s

-- name: end_sessions
DELETE FROM sessions WHERE agent_id = %(agent)s

-- name: token
-- The token of an agent who left is worth nothing.
SELECT id, role, for_id, scopes FROM tokens t
WHERE hash = %(hash)s AND revoked_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM agents a WHERE a.id = t.for_id AND a.disabled_at IS NOT NULL)

-- name: add_token
INSERT INTO tokens (hash, role, for_id, name, created_at)
VALUES (%(hash)s, %(role)s, %(for)s, %(name)s, %(now)s) RETURNING id

-- name: tokens
-- Those that are worth something, by number; never by what they are.
SELECT id, role, for_id, name, created_at FROM tokens WHERE revoked_at IS NULL ORDER BY id

-- name: revoke_token
UPDATE tokens SET revoked_at = %(now)s WHERE id = %(id)s AND revoked_at IS NULL

-- name: audit
INSERT INTO audit (at, actor_kind, actor_id, act, object, data)
VALUES (%(now)s, %(actor_kind)s, %(actor)s, %(act)s, %(object)s, %(data)s)
