-- Who is to be called back moves on as who waits on the line does.
DROP INDEX work_items_longest;
CREATE INDEX work_items_longest ON work_items (longest_at)
    WHERE kind IN ('call', 'callback') AND state IN ('waiting', 'offered') AND overdue_at IS NULL;
