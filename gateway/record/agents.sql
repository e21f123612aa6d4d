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
UPDATE agents SET activity = %(activity)s, activity_at = %(now)s,
    idle_since = CASE WHEN %(activity)s = 'available' AND activity <> 'available' THEN %(now)s ELSE idle_since END,
    misses = CASE WHEN %(activity)s = 'available' THEN 0 ELSE misses END
WHERE id = %(id)s AND disabled_at IS NULL

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
INSERT INTO tokens (hash, role, for_id, created_at) VALUES (%(hash)s, %(role)s, %(for)s, %(now)s) RETURNING id

-- name: revoke_token
UPDATE tokens SET revoked_at = %(now)s WHERE id = %(id)s AND revoked_at IS NULL

-- name: audit
INSERT INTO audit (at, actor_kind, actor_id, act, object, data)
VALUES (%(now)s, %(actor_kind)s, %(actor)s, %(act)s, %(object)s, %(data)s)
