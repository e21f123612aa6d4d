-- Since when a message is owed by the database's clock, whatever the machine that wrote it believes; and since when it may
-- have arrived although no answer said so.
ALTER TABLE messages ADD COLUMN asked_at timestamptz, ADD COLUMN uncertain_at timestamptz;
UPDATE messages SET asked_at = created_at WHERE state = 'queued';
ALTER TABLE messages ALTER COLUMN asked_at SET DEFAULT lease_now();
