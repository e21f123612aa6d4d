-- To whom a caller who waits is brought: who has taken their case since they called, unless they came to it by another of
-- its callers, are on the telephone or have none. One at a time, the first who waits; all others are for whoever is free.
CREATE FUNCTION holder_for(caller text) RETURNS text LANGUAGE sql STABLE AS $$
SELECT k.assignee
FROM calls c JOIN work_items w ON w.call_sid = c.sid AND w.kind = 'call' AND w.state <> 'done'
JOIN cases k ON k.id = c.case_id AND k.assigned_at >= c.started_at
JOIN agents a ON a.id = k.assignee AND a.disabled_at IS NULL AND (a.phone IS NOT NULL OR a.browser_until > lease_now())
WHERE c.sid = caller
  AND NOT EXISTS (SELECT FROM work_items o WHERE o.case_id = k.id AND o.kind = 'call' AND o.state IN ('waiting', 'offered')
                                            AND (o.arrived_at, o.id) < (w.arrived_at, w.id))
  AND NOT EXISTS (SELECT FROM work_items o WHERE o.agent_id = a.id AND o.kind <> 'case' AND o.state IN ('offered', 'taken')
                                            AND o.id <> w.id)
  AND NOT EXISTS (SELECT FROM calls o WHERE o.answered_at > c.started_at AND o.case_id = k.id AND o.agent_id = a.id
                                       AND o.sid <> c.sid)
$$;
-- A call-back is also taken by the last resort, which is no agent.
ALTER TABLE work_items DROP CONSTRAINT work_items_check;
ALTER TABLE work_items ADD CONSTRAINT work_items_check
    CHECK (CASE WHEN state = 'taken' AND kind = 'callback' THEN true ELSE (state IN ('offered', 'taken')) = (agent_id IS NOT NULL) END);
