-- name: arrivals
-- Calls in line by day and half hour, as clocks on the wall show it.
SELECT day, (extract(hour FROM local) * 2 + floor(extract(minute FROM local) / 30))::integer AS slot, count(*) AS calls
FROM (SELECT day, at AT TIME ZONE %(timezone)s::text AS local FROM facts
      WHERE kind = 'queue' AND day >= %(since)s AND day < %(until)s) AS came
GROUP BY 1, 2

-- name: patience
-- How long all callers waited together who were answered or hung up, and how many did either.
SELECT coalesce(sum(coalesce(ended, lost)), 0) AS waited, count(lost) AS hung_up, count(ended) AS answered
FROM facts WHERE kind = 'queue' AND day >= %(since)s AND day < %(until)s
             AND (ended IS NOT NULL OR (lost IS NOT NULL AND 'abandoned' = ANY(tags)))

-- name: newest
SELECT max(week) AS week FROM forecast_tests

-- name: tested
SELECT * FROM (SELECT * FROM forecast_tests ORDER BY week DESC LIMIT 8) AS lately ORDER BY week

-- name: keep
INSERT INTO forecast_tests (week, arrived, expected, error, covered, tested_at)
VALUES (%(week)s, %(arrived)s, %(expected)s, %(error)s, %(covered)s, %(now)s) ON CONFLICT (week) DO NOTHING
