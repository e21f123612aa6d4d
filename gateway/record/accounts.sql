-- name: keep
-- What a ledger says of a day; drawn up again, it is replaced. What was mended before stays mended.
INSERT INTO ledger_days (day, door, ledger, came, kept, waiting, mended, missing, drawn_at)
SELECT r.day, r.door, r.ledger, r.came, r.kept, r.waiting, r.mended, r.missing, %(now)s
FROM jsonb_to_recordset(%(rows)s) AS r(
    day date, door text, ledger text, came bigint, kept bigint, waiting bigint, mended bigint, missing jsonb)
ON CONFLICT (day, door, ledger) DO UPDATE
SET came = excluded.came, kept = excluded.kept, waiting = excluded.waiting, missing = excluded.missing,
    mended = ledger_days.mended + excluded.mended, drawn_at = excluded.drawn_at

-- name: lately
-- Every ledger's account of the last days, the newest day first. Mailboxes are counted from their start: what came on
-- a day is what was not settled yet by the account of an earlier day.
SELECT day, door, ledger, mended, missing, waiting, drawn_at,
       came - CASE WHEN door = 'imap' AND ledger NOT LIKE 'doors %%'
                   THEN coalesce(lag(kept) OVER before, 0) ELSE 0 END AS came,
       kept - CASE WHEN door = 'imap' AND ledger NOT LIKE 'doors %%'
                   THEN coalesce(lag(kept) OVER before, 0) ELSE 0 END AS kept
FROM ledger_days WINDOW before AS (PARTITION BY door, ledger ORDER BY day)
ORDER BY day DESC, door, ledger

-- name: unaccounted
-- How many promises of the last days are in no report.
SELECT coalesce(sum(jsonb_array_length(missing)), 0)::bigint AS missing FROM ledger_days WHERE day > %(since)s

-- name: known
SELECT digest FROM reports WHERE digest = ANY(%(digests)b::bytea[])

-- name: forget
DELETE FROM ledger_days WHERE day < %(before)s

-- name: alone
-- One signer at a time: each statement follows the one before it.
SELECT pg_advisory_xact_lock(hashtext('switchyard.statements'))

-- name: newest_statement
SELECT day, edition, text, seal, signed_at FROM statements WHERE day = %(day)s ORDER BY edition DESC LIMIT 1

-- name: last_seal
SELECT seal FROM statements ORDER BY id DESC LIMIT 1

-- name: sign
INSERT INTO statements (day, edition, text, seal, signed_at)
VALUES (%(day)s, %(edition)s, %(text)s, %(seal)s, %(signed_at)s)

-- name: statements
SELECT day, edition, text, seal, signed_at FROM statements WHERE day >= %(since)s ORDER BY id

-- name: statement
SELECT day, edition, text, seal, signed_at FROM statements WHERE seal = %(seal)s
