-- name: of_model
SELECT id, title, url, added_by AS agent_id, added_at AS at FROM maker_references
WHERE vendor = %(vendor)s AND model = %(model)s AND url IS NOT NULL AND removed_at IS NULL ORDER BY lower(title), id

-- name: add
-- The same address again gets the newer title.
INSERT INTO maker_references (vendor, model, title, url, added_by, added_at)
VALUES (%(vendor)s, %(model)s, %(title)s, %(url)s, %(agent)s, %(now)s)
ON CONFLICT (vendor, model, url) WHERE removed_at IS NULL DO UPDATE SET title = excluded.title
RETURNING id

-- name: remove
UPDATE maker_references SET removed_at = %(now)s
WHERE id = %(reference)s AND vendor = %(vendor)s AND model = %(model)s AND removed_at IS NULL RETURNING id
