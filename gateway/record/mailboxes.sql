-- name: load
SELECT uidvalidity, uid, data FROM mailbox_cursors WHERE mailbox = %(mailbox)s

-- name: save
INSERT INTO mailbox_cursors (mailbox, uidvalidity, uid, data, moved_at)
VALUES (%(mailbox)s, %(uidvalidity)s, %(uid)s, %(data)s, %(now)s)
ON CONFLICT (mailbox) DO UPDATE SET uidvalidity = excluded.uidvalidity, uid = excluded.uid, data = excluded.data,
    moved_at = excluded.moved_at

-- name: hold
-- Held until the session ends, so that a reader that died leaves the mailbox to another.
SELECT pg_try_advisory_lock(hashtextextended('mailbox ' || %(mailbox)s, 0)) AS held

-- name: keep_account
UPDATE mailbox_cursors SET account = %(account)s, accounted_at = %(now)s WHERE mailbox = %(mailbox)s

-- name: accounts
SELECT mailbox, moved_at, account, accounted_at FROM mailbox_cursors ORDER BY mailbox

-- name: fails
INSERT INTO mailbox_failures (nth) SELECT unnest(%(failing)s::integer[]) ON CONFLICT DO NOTHING

-- name: fails_no_more
DELETE FROM mailbox_failures WHERE nth = ANY(%(read)s::integer[]) OR nth > %(all)s

-- name: failing
SELECT nth, extract(epoch FROM lease_now() - since)::float8 AS seconds FROM mailbox_failures ORDER BY nth
