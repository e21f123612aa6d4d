-- name: alone
SELECT pg_try_advisory_xact_lock(hashtext('switchyard.alarms')) AS mine

-- name: standing
SELECT id, kind, key, began_at, seen_at, value, told_at, taken_by, taken_at FROM people_alarms WHERE ended_at IS NULL
ORDER BY began_at, id

-- name: begin
INSERT INTO people_alarms (kind, key, began_at, seen_at, value) VALUES (%(kind)s, %(key)s, %(now)s, %(now)s, %(value)s)
ON CONFLICT (kind, key) WHERE ended_at IS NULL DO NOTHING

-- name: see
UPDATE people_alarms SET seen_at = %(now)s, value = %(value)s WHERE kind = %(kind)s AND key = %(key)s AND ended_at IS NULL

-- name: told
UPDATE people_alarms SET told_at = %(now)s WHERE id = %(alarm)s

-- name: end
UPDATE people_alarms SET ended_at = %(now)s WHERE id = %(alarm)s AND ended_at IS NULL

-- name: take
UPDATE people_alarms SET taken_by = %(by)s, taken_at = %(now)s WHERE id = %(alarm)s AND taken_by IS NULL

-- name: lately
-- What was told in the last days and is over.
SELECT id, kind, key, began_at, ended_at, value, told_at, taken_by FROM people_alarms
WHERE ended_at IS NOT NULL AND told_at IS NOT NULL AND began_at > %(since)s ORDER BY began_at DESC LIMIT 100

-- name: calls
-- Calls of the last hour: their time to a voice, those that hung up, those that wait.
SELECT count(*) FILTER (WHERE kind = 'voice' AND ended IS NOT NULL) AS answered,
       coalesce(sum(ended) FILTER (WHERE kind = 'voice'), 0)::float8 / 1000000 AS seconds,
       count(*) FILTER (WHERE kind = 'queue' AND NOT 'short' = ANY(tags)) AS queued,
       count(*) FILTER (WHERE kind = 'queue' AND 'abandoned' = ANY(tags)) AS abandoned
FROM facts WHERE day >= (%(since)s::timestamptz AT TIME ZONE 'UTC')::date - 1 AND at >= %(since)s AND kind IN ('voice', 'queue')

-- name: waves
SELECT site_id AS site, count(*) AS reports FROM reports
WHERE received_at > %(since)s AND site_id IS NOT NULL GROUP BY site_id HAVING count(*) > 2

-- name: mails
-- Mails in the last three hours, and on average in the same hours of the four weeks before.
SELECT count(*) FILTER (WHERE received_at > %(now)s - interval '3 hours') AS now,
       count(*) FILTER (WHERE received_at <= %(now)s - interval '3 hours')::float8 / 4 AS usual
FROM reports WHERE channel = 'email' AND (
    received_at > %(now)s - interval '3 hours'
    OR (received_at > %(now)s - interval '1 week 3 hours' AND received_at <= %(now)s - interval '1 week')
    OR (received_at > %(now)s - interval '2 weeks 3 hours' AND received_at <= %(now)s - interval '2 weeks')
    OR (received_at > %(now)s - interval '3 weeks 3 hours' AND received_at <= %(now)s - interval '3 weeks')
    OR (received_at > %(now)s - interval '4 weeks 3 hours' AND received_at <= %(now)s - interval '4 weeks'))

-- name: roles
-- How long ago each role that was here within a day left its last heartbeat.
SELECT role, extract(epoch FROM %(now)s - max(slot))::float8 AS seconds FROM heartbeats
WHERE slot > %(now)s - interval '1 day' GROUP BY role

-- name: outbox
SELECT coalesce(extract(epoch FROM %(now)s - min(created_at) FILTER (WHERE state = 'queued')), 0)::float8 AS oldest,
       count(*) FILTER (WHERE state = 'queued') AS queued
FROM messages WHERE state = 'queued' AND (due_at <= %(now)s OR attempts > 0)

-- name: failed
-- What the relay or the provider would not take; not what we would not send to such a number.
SELECT channel, count(*) AS failed FROM messages
WHERE created_at > %(since)s AND (state = 'uncertain' OR (state = 'failed' AND (channel <> 'sms' OR reason LIKE 'provider %%')))
GROUP BY channel

-- name: capped
-- Texts that were not sent and telephones that were not rung because a cap of the day was reached.
SELECT 'sms' AS channel, count(*) AS kept FROM messages
WHERE created_at > %(since)s AND state = 'suppressed' AND reason = %(texts)s
UNION ALL
SELECT 'phone', count(*) FROM rings WHERE created_at > %(since)s AND state = 'failed' AND reason = %(calls)s

-- name: halted
-- Messages that wait because nothing is taken from us until somebody looks.
SELECT count(*) AS waiting FROM messages WHERE state = 'queued' AND reason = %(reason)s

-- name: recordings
-- Recordings that the provider would not delete for a day, those of a day that never came, and those of three days that
-- were not written down in all the tries.
SELECT (SELECT count(*) FROM recordings WHERE due_at IS NOT NULL AND state IN ('fetched', 'erased') AND attempts > 12) AS recordings_kept,
       (SELECT count(*) FROM recordings WHERE state = 'failed' AND created_at > %(now)s - interval '1 day') AS recordings_missing,
       (SELECT count(*) FROM recordings r
        WHERE r.state = 'fetched' AND r.transcribe_tries >= 12 AND r.transcribe_at IS NULL
          AND r.created_at > %(now)s - interval '3 days'
          AND NOT EXISTS (SELECT FROM transcripts WHERE recording_sid = r.sid)) AS transcripts_missing

-- name: clock
SELECT clock_timestamp() AS at

-- name: people
SELECT id, email, phone, language, role FROM agents WHERE disabled_at IS NULL AND role IN ('lead', 'manager', 'admin')
