-- name: settings
SELECT name, setting
FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'server_encoding', 'server_version_num')

-- name: session
SELECT name AS setting, current_setting(name) AS value FROM unnest(%(names)s::text[]) AS name

-- name: is_migrated
SELECT to_regclass('alembic_version') IS NOT NULL AS so

-- name: revision
SELECT version_num FROM alembic_version
