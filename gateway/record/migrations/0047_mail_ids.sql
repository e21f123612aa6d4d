-- The Message-ID that a mail was given when it was first composed: every attempt has the same, and an answer to it is
-- known by it, whatever has become of the keys.
ALTER TABLE messages ADD COLUMN mail_id text;
