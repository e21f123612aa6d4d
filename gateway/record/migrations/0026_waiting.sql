-- The first of every kind of waiting work is found at once, however much waits behind it.
CREATE INDEX work_items_kinds ON work_items (kind, line, language, queue, priority, due_at, arrived_at, id) WHERE state = 'waiting';
-- And what an agent has put aside, which takes none of their room.
CREATE INDEX cases_aside ON cases (assignee) WHERE status IN ('waiting', 'planned') AND assignee IS NOT NULL;
-- Whose caller is on the line or called back is not offered to others.
CREATE INDEX work_items_callers ON work_items (case_id) WHERE kind IN ('call', 'callback') AND state <> 'done';
