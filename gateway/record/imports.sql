-- name: owners
INSERT INTO owners (id, organisation, contact_name, email, phone, language)
SELECT owner_id, organisation, contact_name, email, phone, language FROM jsonb_to_recordset(%(rows)s) AS r(
    owner_id text, organisation text, contact_name text, email text, phone text, language text)
ON CONFLICT (id) DO UPDATE SET organisation = excluded.organisation, contact_name = excluded.contact_name,
    email = excluded.email, phone = excluded.phone, language = excluded.language

-- name: sites
INSERT INTO sites (id, name, street, postcode, city, latitude, longitude, owner_id, sla_level, timezone)
SELECT site_id, name, street, postcode, city, latitude, longitude, owner_id, sla_level, timezone
FROM jsonb_to_recordset(%(rows)s) AS r(
    site_id text, name text, street text, postcode text, city text, latitude double precision,
    longitude double precision, owner_id text, sla_level text, timezone text)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, street = excluded.street, postcode = excluded.postcode,
    city = excluded.city, latitude = excluded.latitude, longitude = excluded.longitude, owner_id = excluded.owner_id,
    sla_level = excluded.sla_level, timezone = excluded.timezone

-- name: chargers
INSERT INTO chargers (id, evse_id, site_id, vendor, model, power_kw, connectors, installed_on)
SELECT charger_id, evse_id, site_id, vendor, model, power_kw, connectors, installed_on
FROM jsonb_to_recordset(%(rows)s) AS r(
    charger_id text, evse_id text, site_id text, vendor text, model text, power_kw double precision, connectors text,
    installed_on date)
ON CONFLICT (id) DO UPDATE SET evse_id = excluded.evse_id, site_id = excluded.site_id, vendor = excluded.vendor,
    model = excluded.model, power_kw = excluded.power_kw, connectors = excluded.connectors,
    installed_on = excluded.installed_on

-- name: agents
-- What an agent chose or does (password, activity, language, look) is theirs and stays.
INSERT INTO agents (id, name, email, phone, role, line, languages, skills, queues, sites, region, max_calls, max_cases,
                    activity_at, idle_since)
SELECT agent_id, name, lower(email), phone, coalesce(role, 'agent'), line, languages, skills, coalesce(queues, '{}'),
       coalesce(sites, '{}'), region, max_calls, max_cases, lease_now(), lease_now()
FROM jsonb_to_recordset(%(rows)s) AS r(
    agent_id text, name text, email text, phone text, role text, line smallint, languages text[], skills text[],
    queues text[], sites text[], region text, max_calls smallint, max_cases smallint)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, phone = excluded.phone,
    role = coalesce(nullif(excluded.role, 'agent'), agents.role), line = excluded.line, languages = excluded.languages,
    skills = excluded.skills, queues = excluded.queues, sites = excluded.sites, region = excluded.region, max_calls = excluded.max_calls,
    max_cases = excluded.max_cases

-- name: known
SELECT 'owner' AS kind, id FROM owners UNION ALL SELECT 'site', id FROM sites

-- name: moved
UPDATE directory_version SET version = version + 1

-- name: owners_now
SELECT id AS owner_id, organisation, contact_name, email, phone, language FROM owners ORDER BY id

-- name: sites_now
SELECT id AS site_id, name, street, postcode, city, latitude, longitude, owner_id, sla_level, timezone
FROM sites ORDER BY id

-- name: chargers_now
SELECT id AS charger_id, evse_id, site_id, vendor, model, power_kw, connectors, installed_on::text AS installed_on
FROM chargers ORDER BY id
