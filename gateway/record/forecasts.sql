-- name: calls
-- Calls in line by day and half hour, as clocks on the wall show it, and how long those waited who were answered or hung up.
SELECT day, (extract(hour FROM local) * 2 + floor(extract(minute FROM local) / 30))::integer AS slot, count(*) AS calls,
       count(*) FILTER (WHERE hung_up) AS hung_up, count(ended) AS answered,
       coalesce(sum(ended), 0) + coalesce(sum(lost) FILTER (WHERE hung_up), 0) AS waited
FROM (SELECT day, at AT TIME ZONE %(timezone)s::text AS local, ended, lost,
             lost IS NOT NULL AND 'abandoned' = ANY(tags) AS hung_up
      FROM facts WHERE kind = 'queue' AND day >= %(since)s AND day < %(until)s) AS came
GROUP BY 1, 2

-- name: newest
SELECT max(week) AS week FROM forecast_tests

-- name: tested
SELECT * FROM (SELECT * FROM forecast_tests ORDER BY week DESC LIMIT 8) AS lately ORDER BY week

-- name: keep
INSERT INTO forecast_tests (week, arrived, expected, error, covered, tested_at)
VALUES (%(week)s, %(arrived)s, %(expected)s, %(error)s, %(covered)s, %(now)s) ON CONFLICT (week) DO NOTHING
