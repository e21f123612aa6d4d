-- name: orders
SELECT period, next_at, sent_at FROM report_orders WHERE agent_id = %(agent)s ORDER BY period

-- name: order
INSERT INTO report_orders (agent_id, period, next_at) VALUES (%(agent)s, %(period)s, %(next)s) ON CONFLICT DO NOTHING

-- name: cancel
DELETE FROM report_orders WHERE agent_id = %(agent)s AND period = %(period)s

-- name: due
-- Orders whose morning has come, of people who may still see figures; whoever takes one holds it until it is written.
SELECT o.agent_id, o.period, o.next_at, a.email, a.language FROM report_orders o JOIN agents a ON a.id = o.agent_id
WHERE o.next_at <= %(now)s AND a.disabled_at IS NULL AND a.role IN ('lead', 'manager', 'admin')
ORDER BY o.next_at LIMIT 20 FOR UPDATE OF o SKIP LOCKED

-- name: sent
UPDATE report_orders SET next_at = %(next)s, sent_at = %(now)s WHERE agent_id = %(agent)s AND period = %(period)s
