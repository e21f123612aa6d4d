-- name: end
UPDATE analyses SET ended_at = %(now)s WHERE case_id = %(case)s AND ended_at IS NULL

-- name: add
INSERT INTO analyses (case_id, agent_id, at, component, fault_code, reproduced)
VALUES (%(case)s, %(agent)s, %(now)s, %(component)s, %(fault_code)s, %(reproduced)s) RETURNING id

-- name: add_contents
INSERT INTO analysis_contents (analysis_id, cause, evidence) VALUES (%(analysis)s, %(cause)s, %(evidence)s)

-- name: standing
SELECT a.id, a.agent_id, a.at, a.component, a.fault_code, a.reproduced, c.cause, c.evidence
FROM analyses a LEFT JOIN analysis_contents c ON c.analysis_id = a.id
WHERE a.case_id = %(case)s AND a.ended_at IS NULL
