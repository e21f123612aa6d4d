-- name: add
INSERT INTO service_cards (site_id, charger_id, case_id, visit_id, agent_id, at, line, category, fault_code, disposition,
                           verified)
VALUES (%(site)s, %(charger)s, %(case)s, %(visit)s, %(agent)s, %(now)s, %(line)s, %(category)s, %(fault_code)s,
        %(disposition)s, %(verified)s)
RETURNING id

-- name: add_contents
INSERT INTO service_card_contents (card_id, work, parts) VALUES (%(card)s, %(work)s, %(parts)s)

-- name: of_site
SELECT s.*, c.work, c.parts,
       (SELECT count(*) FROM documents d WHERE d.visit_id = s.visit_id OR (s.visit_id IS NULL AND d.case_id = s.case_id))
           AS documents
FROM service_cards s LEFT JOIN service_card_contents c ON c.card_id = s.id
WHERE s.site_id = %(site)s ORDER BY s.at DESC, s.id DESC LIMIT %(limit)s

-- name: of_case
SELECT s.*, c.work, c.parts, (SELECT count(*) FROM documents d WHERE d.visit_id = s.visit_id) AS documents
FROM service_cards s LEFT JOIN service_card_contents c ON c.card_id = s.id
WHERE s.case_id = %(case)s ORDER BY s.at, s.id

-- name: add_document
INSERT INTO documents (case_id, visit_id, agent_id, at, name, media_type, size, sha256)
VALUES (%(case)s, %(visit)s, %(agent)s, %(now)s, %(name)s, %(media_type)s, %(size)s, decode(%(digest)s, 'hex'))
RETURNING id

-- name: documents
SELECT id, visit_id, agent_id, at, name, media_type, size FROM documents WHERE case_id = %(case)s ORDER BY id

-- name: document
SELECT d.id, d.case_id, d.name, d.media_type, d.size, encode(d.sha256, 'hex') AS sha256, c.site_id, c.owner_id
FROM documents d JOIN cases c ON c.id = d.case_id WHERE d.id = %(document)s
