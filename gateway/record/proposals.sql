-- name: end
UPDATE proposals SET ended_at = %(now)s WHERE case_id = %(case)s AND ended_at IS NULL

-- name: add
INSERT INTO proposals (case_id, agent_id, at) VALUES (%(case)s, %(agent)s, %(now)s) RETURNING id

-- name: add_contents
INSERT INTO proposal_contents (proposal_id, fault, parts, tools, access, safety)
VALUES (%(proposal)s, %(fault)s, %(parts)s, %(tools)s, %(access)s, %(safety)s)

-- name: standing
SELECT p.id, p.agent_id, p.at, c.fault, c.parts, c.tools, c.access, c.safety
FROM proposals p LEFT JOIN proposal_contents c ON c.proposal_id = p.id
WHERE p.case_id = %(case)s AND p.ended_at IS NULL
