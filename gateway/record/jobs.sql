-- name: wake
-- Every worker hears it in the moment in which it is committed, and hears it once from one transaction.
SELECT pg_notify('switchyard_work', '')
