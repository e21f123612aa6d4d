-- A recording is due at the provider until it is gone there; of those from before it is not known.
UPDATE recordings SET due_at = now(), attempts = 0 WHERE state IN ('fetched', 'erased');
-- What was given up is counted, and erased after its period.
CREATE INDEX recordings_failed ON recordings (created_at) WHERE state = 'failed';
CREATE INDEX recordings_unwritten ON recordings (created_at) WHERE state = 'fetched' AND transcribe_tries >= 12;
