-- What the phone looks for by something else than a key.
CREATE INDEX calls_waiting ON calls (queued_at) WHERE queued_at IS NOT NULL AND answered_at IS NULL AND ended_at IS NULL;
CREATE INDEX calls_answered ON calls (answered_at) WHERE answered_at IS NOT NULL;
CREATE INDEX messages_provider ON messages (provider_id) WHERE provider_id IS NOT NULL;
