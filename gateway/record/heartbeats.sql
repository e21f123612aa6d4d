-- name: beat
INSERT INTO heartbeats (role, slot)
VALUES (%(role)s, to_timestamp(floor(extract(epoch FROM %(now)s::timestamptz) / 10) * 10))
ON CONFLICT DO NOTHING

-- name: forget
DELETE FROM heartbeats WHERE slot < %(before)s
