-- name: welcome_contact
-- The registered contact of an organisation is a user of its portal without being invited.
INSERT INTO owner_users (owner_id, email, name, role, language, created_at)
SELECT o.id, lower(o.email), o.contact_name, 'manager', o.language, %(now)s FROM owners o
WHERE lower(o.email) = %(email)s
ON CONFLICT (owner_id, email) WHERE removed_at IS NULL DO NOTHING

-- name: by_address
SELECT * FROM current_owner_users WHERE email = %(email)s ORDER BY id

-- name: find
SELECT * FROM current_owner_users WHERE id = %(user)s

-- name: colleagues
SELECT * FROM current_owner_users WHERE owner_id = %(owner)s ORDER BY created_at, id

-- name: invite
INSERT INTO owner_users (owner_id, email, name, role, language, invited_by, created_at)
VALUES (%(owner)s, %(email)s, %(name)s, %(role)s, %(language)s, %(by)s, %(now)s)
ON CONFLICT (owner_id, email) WHERE removed_at IS NULL DO NOTHING
RETURNING id

-- name: set_role
UPDATE owner_users SET role = %(role)s
WHERE id = %(user)s AND owner_id = %(owner)s AND removed_at IS NULL AND invited_by IS NOT NULL

-- name: set_pin
UPDATE owners SET pin_hash = %(hash)s, pin_misses = 0 WHERE id = %(owner)s

-- name: remove
UPDATE owner_users SET removed_at = %(now)s
WHERE id = %(user)s AND owner_id = %(owner)s AND removed_at IS NULL AND invited_by IS NOT NULL

-- name: add_link
-- At most a few an hour for one user, so that nobody's mailbox is filled by a stranger.
INSERT INTO portal_links (hash, user_id, created_at, expires_at)
SELECT %(hash)s, %(user)s, %(now)s, %(expires)s
WHERE (SELECT count(*) FROM portal_links WHERE user_id = %(user)s AND created_at > %(since)s) < %(most)s

-- name: link
SELECT u.organisation FROM portal_links l JOIN current_owner_users u ON u.id = l.user_id
WHERE l.hash = %(hash)s AND l.used_at IS NULL AND l.expires_at > %(now)s

-- name: use_link
UPDATE portal_links SET used_at = %(now)s WHERE hash = %(hash)s AND used_at IS NULL AND expires_at > %(now)s
RETURNING user_id

-- name: keys
SELECT id, name, scopes, created_at FROM tokens
WHERE role = 'owner' AND for_id = %(owner)s AND revoked_at IS NULL ORDER BY id

-- name: add_key
INSERT INTO tokens (hash, role, for_id, name, scopes, created_at)
VALUES (%(hash)s, 'owner', %(owner)s, %(name)s, %(scopes)s, %(now)s) RETURNING id

-- name: revoke_key
UPDATE tokens SET revoked_at = %(now)s
WHERE id = %(key)s AND role = 'owner' AND for_id = %(owner)s AND revoked_at IS NULL

-- name: set_password
-- The first password needs none before; every change ends what was begun before it.
UPDATE owner_users SET password_hash = %(hash)s, sessions_after = %(now)s WHERE id = %(user)s AND removed_at IS NULL

-- name: propose_totp
UPDATE owner_users SET totp_pending = %(secret)s WHERE id = %(user)s

-- name: confirm_totp
UPDATE owner_users SET totp_secret = totp_pending, totp_pending = NULL, totp_step = %(step)s, sessions_after = %(now)s
WHERE id = %(user)s AND totp_pending IS NOT NULL

-- name: end_totp
UPDATE owner_users SET totp_secret = NULL, totp_pending = NULL, totp_step = NULL, sessions_after = %(now)s
WHERE id = %(user)s

-- name: use_step
-- A one-time code is good once: nothing of its time step or before is accepted again.
UPDATE owner_users SET totp_step = %(step)s WHERE id = %(user)s AND (totp_step IS NULL OR totp_step < %(step)s)

-- name: audit
INSERT INTO audit (at, actor_kind, actor_id, act, object, data)
VALUES (%(now)s, 'owner', %(actor)s, %(act)s, %(object)s, %(data)s)
