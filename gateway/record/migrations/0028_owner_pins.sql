-- The telephone code of an owner, for hearing about their cases; it dies when it was guessed at too often.
ALTER TABLE owners ADD COLUMN pin_hash text, ADD COLUMN pin_misses smallint NOT NULL DEFAULT 0;
CREATE INDEX owners_phone ON owners (phone) WHERE pin_hash IS NOT NULL;
