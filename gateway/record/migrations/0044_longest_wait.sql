-- Until when a caller may wait in their queue, and when that was over and the call was moved.
ALTER TABLE work_items ADD COLUMN longest_at timestamptz, ADD COLUMN overdue_at timestamptz;
CREATE INDEX work_items_longest ON work_items (longest_at)
    WHERE kind = 'call' AND state IN ('waiting', 'offered') AND overdue_at IS NULL;
