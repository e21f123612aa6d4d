-- name: save
-- A new agent, or what the house decides about one; password, activity, language and look are the agent's own.
INSERT INTO agents (id, name, email, phone, role, line, languages, skills, queues, sites, region, max_calls, max_cases,
                    activity_at, idle_since)
VALUES (%(id)s, %(name)s, lower(%(email)s), %(phone)s, %(role)s, %(line)s, %(languages)s, %(skills)s, %(queues)s,
        %(sites)s, %(region)s, %(max_calls)s, %(max_cases)s, lease_now(), lease_now())
ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, phone = excluded.phone,
    role = excluded.role, line = excluded.line, languages = excluded.languages, skills = excluded.skills,
    queues = excluded.queues, sites = excluded.sites, region = excluded.region, max_calls = excluded.max_calls,
    max_cases = excluded.max_cases

-- name: disable
UPDATE agents SET disabled_at = lease_now(), activity = 'offline', activity_at = lease_now()
WHERE id = %(id)s AND disabled_at IS NULL

-- name: enable
UPDATE agents SET disabled_at = NULL WHERE id = %(id)s AND disabled_at IS NOT NULL

-- name: end_sessions
DELETE FROM sessions WHERE agent_id = %(id)s AND (%(but)s::bytea IS NULL OR id <> %(but)s)

-- name: end_session
DELETE FROM sessions WHERE agent_id = %(id)s AND left(encode(id, 'hex'), 16) = %(session)s

-- name: sessions
SELECT left(encode(id, 'hex'), 16) AS id, id AS whole, created_at, expires_at, data->>'browser' AS browser
FROM sessions WHERE agent_id = %(id)s AND expires_at > %(now)s ORDER BY created_at DESC

-- name: secrets
SELECT password_hash, totp_secret, totp_pending, cardinality(recovery_hashes) AS recovery_left FROM agents
WHERE id = %(id)s

-- name: propose_totp
UPDATE agents SET totp_pending = %(secret)s WHERE id = %(id)s

-- name: confirm_totp
UPDATE agents SET totp_secret = totp_pending, totp_pending = NULL, totp_step = %(step)s, recovery_hashes = %(hashes)s
WHERE id = %(id)s AND totp_pending IS NOT NULL

-- name: end_totp
UPDATE agents SET totp_secret = NULL, totp_pending = NULL, totp_step = NULL, recovery_hashes = '{}' WHERE id = %(id)s

-- name: use_step
-- A one-time code is good once: nothing of its time step or before is accepted again.
UPDATE agents SET totp_step = %(step)s WHERE id = %(id)s AND (totp_step IS NULL OR totp_step < %(step)s)

-- name: use_recovery
UPDATE agents SET recovery_hashes = array_remove(recovery_hashes, %(hash)s)
WHERE id = %(id)s AND %(hash)s = ANY(recovery_hashes)

-- name: acts
SELECT at, actor_kind, actor_id, act, object, data FROM audit ORDER BY id DESC LIMIT %(limit)s
