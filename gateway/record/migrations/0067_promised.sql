-- The call-back that is not made as long as this goes on: its customer waits in line themselves, or an agent calls them.
ALTER TABLE work_items ADD COLUMN callback_id bigint REFERENCES work_items;
CREATE INDEX work_items_instead ON work_items (callback_id) WHERE callback_id IS NOT NULL AND state <> 'done';

-- The first call-back about a case that somebody with one of these numbers was promised.
CREATE FUNCTION promised(about bigint, numbers text[]) RETURNS SETOF work_items LANGUAGE sql STABLE AS $$
    SELECT w.* FROM work_items w JOIN call_contents t ON t.sid = w.call_sid
    WHERE w.case_id = about AND w.kind = 'callback' AND w.state <> 'done' AND t.callback = ANY(numbers)
    ORDER BY w.arrived_at LIMIT 1
$$;
