-- When the words of a recording were looked through for danger; those that are here already were listened to.
ALTER TABLE transcripts ADD COLUMN heard_at timestamptz;
UPDATE transcripts SET heard_at = now();
CREATE INDEX transcripts_unheard ON transcripts (recording_sid) WHERE heard_at IS NULL;
