-- name: begin
-- Nothing is offered meanwhile to an agent who writes up a call.
UPDATE agents SET wrap_until = lease_now() + %(lasts)s, wrap_sid = %(call)s WHERE id = %(agent)s

-- name: present
-- The call that an agent writes up.
SELECT a.wrap_until AS until, a.wrap_sid AS call, c.case_id FROM agents a LEFT JOIN calls c ON c.sid = a.wrap_sid
WHERE a.id = %(agent)s AND a.wrap_until > lease_now()

-- name: end
-- Of this call and no later one.
UPDATE agents SET wrap_until = NULL, wrap_sid = NULL WHERE id = %(agent)s AND wrap_sid IS NOT DISTINCT FROM %(call)s
RETURNING id

-- name: dispose
-- By whoever has just written the call up (`written`), or whose call it was, also when another one is over meanwhile.
UPDATE calls SET disposition = %(disposition)s
WHERE sid = %(call)s AND disposition IS NULL AND (%(written)s OR agent_id = %(agent)s AND ended_at IS NOT NULL)
RETURNING case_id
