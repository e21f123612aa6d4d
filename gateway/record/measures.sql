-- name: response_times
-- An interval begins when a case is opened or reopened and is answered by its first human response. Intervals of cases
-- that a charger's alarm opened are left out: nobody waits for an answer there. A NULL key is the whole.
WITH intervals AS (
    SELECT CASE %(by)s::text
               WHEN 'channel' THEN r.channel
               WHEN 'queue' THEN coalesce(t.data->>'queue', r.queue)
               WHEN 'line' THEN c.line::text
               WHEN 'priority' THEN coalesce(t.data->>'priority', r.priority)
               WHEN 'sla_level' THEN c.sla_level
               WHEN 'site' THEN r.site_id
               WHEN 'owner' THEN c.owner_id
               WHEN 'language' THEN r.language
               WHEN 'hour' THEN to_char(began.at AT TIME ZONE c.timezone, 'HH24')
               WHEN 'weekday' THEN to_char(began.at AT TIME ZONE c.timezone, 'ID')
               WHEN 'slot' THEN floor(extract(epoch FROM began.at) / %(slot)s)::bigint::text
           END AS key,
           CASE WHEN answer.kind = 'first_response' THEN extract(epoch FROM answer.at - began.at) END AS seconds
    FROM timeline t
    JOIN cases c ON c.id = t.case_id
    CROSS JOIN LATERAL (SELECT coalesce((t.data->>'received_at')::timestamptz, t.at) AS at) AS began
    CROSS JOIN LATERAL (
        SELECT channel, queue, priority, site_id, language FROM reports
        WHERE id = coalesce(t.report_id, (SELECT o.report_id FROM timeline o
                                          WHERE o.case_id = t.case_id AND o.kind = 'opened' ORDER BY o.id LIMIT 1))
    ) AS r
    LEFT JOIN LATERAL (
        SELECT n.kind, n.at FROM timeline n
        WHERE n.case_id = t.case_id AND n.id > t.id AND n.kind IN ('first_response', 'reopened')
        ORDER BY n.id LIMIT 1
    ) AS answer ON true
    WHERE t.kind IN ('opened', 'reopened') AND t.at >= %(from)s AND began.at >= %(from)s AND began.at < %(to)s
      AND r.channel <> 'alarm'
)
SELECT key, grouping(key) = 1 AS whole, count(*) AS opened, count(seconds) AS answered, sum(seconds)::float8 AS total,
       avg(seconds)::float8 AS average,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds::float8) AS median,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds::float8) AS p90
FROM intervals
GROUP BY GROUPING SETS ((), (key))
ORDER BY whole DESC, key

-- name: entries
-- What response times are made of, case by case, for computing them again.
SELECT t.id, t.case_id, t.kind, t.at, t.data->>'received_at' AS received_at, r.channel
FROM timeline t LEFT JOIN reports r ON r.id = t.report_id
WHERE t.kind IN ('opened', 'reopened', 'first_response') AND t.case_id > %(after)s AND t.case_id <= %(upto)s
ORDER BY t.case_id, t.id

-- name: columns
-- The column that must agree with the timeline: the first response of the present interval.
SELECT id, first_response_at FROM cases WHERE id > %(after)s AND id <= %(upto)s ORDER BY id

-- name: last_case
SELECT coalesce(max(id), 0) AS id FROM cases
