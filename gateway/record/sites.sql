-- name: version
SELECT version FROM directory_version

-- name: owners
SELECT id, organisation, contact_name, email, phone, language FROM owners ORDER BY id

-- name: sites
SELECT id, name, street, postcode, city, owner_id, sla_level, timezone, latitude, longitude FROM sites ORDER BY id

-- name: chargers
SELECT id, evse_id, site_id, vendor, model, power_kw, connectors FROM chargers ORDER BY id
