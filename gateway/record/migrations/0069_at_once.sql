-- The first call-back about a case that somebody with one of these numbers was promised; but for those of others who were
-- on the line at once with the call that is asked for, if one is.
DROP FUNCTION promised(bigint, text[]);
CREATE FUNCTION promised(about bigint, numbers text[], by text DEFAULT NULL) RETURNS SETOF work_items
LANGUAGE sql STABLE AS $$
    SELECT w.* FROM work_items w JOIN call_contents t ON t.sid = w.call_sid JOIN calls o ON o.sid = w.call_sid
    WHERE w.case_id = about AND w.kind = 'callback' AND w.state <> 'done' AND t.callback = ANY(numbers)
      AND NOT EXISTS (SELECT FROM calls c WHERE c.sid = by AND c.sid <> o.sid AND o.ended_at > c.started_at
                      AND (c.ended_at IS NULL OR o.started_at < c.ended_at))
    ORDER BY w.arrived_at LIMIT 1
$$;
