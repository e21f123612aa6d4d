-- name: beat
INSERT INTO heartbeats (role, slot)
VALUES (%(role)s, to_timestamp(floor(extract(epoch FROM %(now)s::timestamptz) / 10) * 10))
ON CONFLICT DO NOTHING

-- name: shares
-- For each role the slots with a heartbeat out of all ten-second slots of the period.
SELECT role, count(*) AS beats FROM heartbeats WHERE slot >= %(from)s AND slot < %(to)s GROUP BY role

-- name: forget
DELETE FROM heartbeats WHERE slot < %(before)s
