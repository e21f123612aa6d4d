-- name: known
-- Who stands behind these addresses at present, their language, and their newest reports, newest first.
SELECT i.kind, i.value, i.person_id, p.language, h.received_at, h.case_id, h.charger_id, h.site_id, h.category
FROM unnest(%(kinds)s::text[], %(values)s::text[]) AS w(kind, value)
JOIN identities i ON i.kind = w.kind AND i.value = w.value AND i.unlinked_at IS NULL
JOIN people p ON p.id = i.person_id
LEFT JOIN LATERAL (
    SELECT received_at, case_id, charger_id, site_id, category FROM reports
    WHERE person_id = i.person_id ORDER BY received_at DESC LIMIT 20
) AS h ON true

-- name: add
INSERT INTO people (id, name, language, created_at)
SELECT r.id, r.name, r.language, %(now)s FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, name text, language text)

-- name: speak
-- The language that somebody chose to be spoken to, from now on.
UPDATE people p SET language = r.language FROM jsonb_to_recordset(%(rows)s) AS r(id bigint, language text)
WHERE p.id = r.id

-- name: link
-- Another that took an address in the meantime keeps it.
INSERT INTO identities (person_id, kind, value, verified, evidence, linked_at)
SELECT r.person_id, r.kind, r.value, r.verified, r.evidence, %(now)s
FROM jsonb_to_recordset(%(rows)s) AS r(person_id bigint, kind text, value text, verified boolean, evidence text)
ON CONFLICT (kind, value) WHERE unlinked_at IS NULL DO NOTHING

-- name: find
SELECT p.id, p.name, p.language, p.owner_id, p.created_at, p.erased_at FROM people p WHERE p.id = %(person)s

-- name: by_identity
SELECT person_id FROM identities WHERE value = %(value)s AND unlinked_at IS NULL

-- name: identities
SELECT kind, value, verified, evidence, linked_at, unlinked_at, stopped_at FROM identities
WHERE person_id = %(person)s ORDER BY id

-- name: stopped
-- Whether somebody wants no messages, and whether an address is dead: a bounce said so and nobody wrote from it since.
SELECT coalesce(bool_or(i.stopped_at IS NOT NULL), false) AS stopped,
       coalesce(bool_or(i.bounced_at IS NOT NULL AND NOT EXISTS (
           SELECT FROM reports r WHERE r.person_id = i.person_id AND r.received_at > i.bounced_at
               AND r.channel = i.kind AND NOT (r.flags && '{auto_reply,bounce}'))), false) AS dead
FROM identities i WHERE i.kind = %(kind)s AND i.value = %(value)s

-- name: wish
-- Whether a number wants texts from us: what was wished last holds, whichever wish is kept first.
UPDATE identities SET stopped_at = CASE WHEN %(wanted)s THEN NULL ELSE %(now)s END
WHERE kind = 'phone' AND value = %(phone)s AND unlinked_at IS NULL
  AND NOT EXISTS (SELECT FROM reports r JOIN report_contents t ON t.report_id = r.id
                  WHERE r.received_at > %(at)s AND r.flags && '{start,stop}' AND t.sender_phone = %(phone)s)

-- name: dead
SELECT i.value FROM identities i
WHERE i.kind = 'email' AND i.value = ANY(%(values)s::text[]) AND i.bounced_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM reports r WHERE r.person_id = i.person_id AND r.received_at > i.bounced_at
                      AND r.channel = 'email' AND NOT (r.flags && '{auto_reply,bounce}'))

-- name: joined
-- The addresses of those who reported in a case and have several, with what shows that they are one person's.
SELECT i.person_id, i.kind, i.value, i.evidence, i.linked_at FROM identities i
WHERE i.unlinked_at IS NULL AND i.person_id IN (SELECT person_id FROM reports WHERE case_id = %(case)s)
  AND EXISTS (SELECT FROM identities o WHERE o.person_id = i.person_id AND o.id <> i.id AND o.unlinked_at IS NULL)
ORDER BY i.person_id, i.id

-- name: unlink
UPDATE identities SET unlinked_at = %(now)s WHERE value = %(value)s AND unlinked_at IS NULL
RETURNING person_id, kind, verified, stopped_at, bounced_at

-- name: others
-- An address that a person still has.
SELECT FROM identities WHERE person_id = %(person)s AND unlinked_at IS NULL LIMIT 1

-- name: stranger
INSERT INTO people (language, created_at) SELECT language, %(now)s FROM people WHERE id = %(person)s RETURNING id

-- name: keep
-- What the address wished and what became of it stays with it.
INSERT INTO identities (person_id, kind, value, verified, evidence, linked_at, stopped_at, bounced_at)
VALUES (%(stranger)s, %(kind)s, %(value)s, %(verified)s, 'taken from another person', %(now)s, %(stopped_at)s,
        %(bounced_at)s)

-- name: part_reports
-- Those that gave this address and none that the person still has.
UPDATE reports r SET person_id = %(stranger)s FROM report_contents t
WHERE t.report_id = r.id AND r.person_id = %(person)s
  AND %(value)s IN (lower(t.sender_phone), lower(t.sender_email))
  AND NOT EXISTS (SELECT FROM identities i WHERE i.person_id = %(person)s AND i.unlinked_at IS NULL
                      AND i.value IN (lower(t.sender_phone), lower(t.sender_email)))
RETURNING r.id, r.case_id

-- name: part_messages
UPDATE messages m SET person_id = %(stranger)s FROM message_contents c
WHERE c.message_id = m.id AND m.person_id = %(person)s AND lower(c.recipient) = %(value)s

-- name: part_calls
UPDATE calls c SET person_id = %(stranger)s FROM call_contents t
WHERE t.sid = c.sid AND c.person_id = %(person)s
  AND CASE c.direction WHEN 'inbound' THEN t.from_number ELSE t.to_number END = %(value)s
