-- When a call-back was wanted, by the database's clock: so many to a number and day.
ALTER TABLE call_contents ADD COLUMN callback_at timestamptz;
UPDATE call_contents t SET callback_at = c.started_at FROM calls c WHERE c.sid = t.sid AND t.callback IS NOT NULL;
