-- Recordings as text: who said what, and when; and the tries it took.
ALTER TABLE transcripts ADD COLUMN said jsonb;
ALTER TABLE recordings ADD COLUMN transcribe_at timestamptz,
                       ADD COLUMN transcribe_tries smallint NOT NULL DEFAULT 0;
CREATE INDEX transcripts_words ON transcripts USING gin (to_tsvector('simple', left(text, 20000)));
CREATE INDEX recordings_transcribe ON recordings (transcribe_at) WHERE transcribe_at IS NOT NULL AND state = 'fetched';
