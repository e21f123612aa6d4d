-- name: append
-- An entry is never earlier than the one before it, also when its transaction had to wait for another's.
INSERT INTO timeline (case_id, at, kind, actor_kind, actor_id, report_id, data)
SELECT r.case_id,
       coalesce(r.at, greatest(%(now)s, (SELECT t.at FROM timeline t WHERE t.case_id = r.case_id ORDER BY t.id DESC LIMIT 1))),
       r.kind, r.actor_kind, r.actor_id, r.report_id, r.data
FROM jsonb_to_recordset(%(rows)s)
    AS r(case_id bigint, at timestamptz, kind text, actor_kind text, actor_id text, report_id bigint, data jsonb, nth bigint)
ORDER BY r.nth

-- name: last
SELECT at FROM timeline WHERE case_id = %(case)s ORDER BY id DESC LIMIT 1

-- name: of_case
SELECT id, at, kind, actor_kind, actor_id, report_id, data FROM timeline WHERE case_id = %(case)s ORDER BY id
