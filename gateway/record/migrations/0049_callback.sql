-- The number to call back beside a call's state and not in it: every turn writes the state, and whatever an index reads
-- of a row makes each write of the row one of the index too. Room in each page for the next version of a row.
DROP INDEX call_contents_callback;
ALTER TABLE call_contents ADD COLUMN callback text;
UPDATE call_contents SET callback = state ->> 'callback', state = state - 'callback' WHERE state ? 'callback';
CREATE INDEX call_contents_callback ON call_contents (callback) WHERE callback IS NOT NULL;
ALTER TABLE call_contents SET (fillfactor = 60);
ALTER TABLE calls SET (fillfactor = 70);
