-- An address that a bounce said is dead, until somebody writes from it again.
ALTER TABLE identities ADD COLUMN bounced_at timestamptz;
-- The last time that a server on its way said a mail of ours is late.
ALTER TABLE messages ADD COLUMN delayed_at timestamptz;
-- Files that go with our own words; their bytes lie in the blob store.
CREATE TABLE message_attachments (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id  bigint NOT NULL REFERENCES messages,
    name        text NOT NULL,
    media_type  text NOT NULL,
    size        bigint NOT NULL,
    sha256      bytea NOT NULL CHECK (octet_length(sha256) = 32)
);
CREATE INDEX message_attachments_message ON message_attachments (message_id);
CREATE INDEX message_attachments_blob ON message_attachments (sha256);
-- Pictures drawn anew, without what the camera wrote into them: `width` pixels at most, NULL where none can be made.
CREATE TABLE pictures (
    source  bytea NOT NULL CHECK (octet_length(source) = 32),
    width   integer NOT NULL,
    sha256  bytea,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (source, width)
);
-- The account of each mailbox as it was last drawn up.
ALTER TABLE mailbox_cursors ADD COLUMN account jsonb, ADD COLUMN accounted_at timestamptz;
