-- Lists that agents keep, their own or for everybody; `query` is the list's address without its path.
CREATE TABLE saved_views (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_id    text NOT NULL REFERENCES agents ON DELETE CASCADE,
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    query       text NOT NULL CHECK (length(query) <= 1000),
    shared      boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL,
    UNIQUE (agent_id, name)
);
-- Colleagues who were named in a note, until they have seen it.
CREATE TABLE mentions (
    note_id   bigint NOT NULL REFERENCES notes ON DELETE CASCADE,
    agent_id  text NOT NULL REFERENCES agents ON DELETE CASCADE,
    case_id   bigint NOT NULL REFERENCES cases,
    seen_at   timestamptz,
    PRIMARY KEY (note_id, agent_id)
);
CREATE INDEX mentions_unseen ON mentions (agent_id, case_id) WHERE seen_at IS NULL;
-- What manufacturers say about their chargers: links and files, by maker and perhaps model.
CREATE TABLE maker_references (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vendor      text NOT NULL,
    model       text,
    title       text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    url         text,
    sha256      bytea CHECK (octet_length(sha256) = 32),
    size        bigint,
    added_by    text REFERENCES agents ON DELETE SET NULL,
    added_at    timestamptz NOT NULL,
    removed_at  timestamptz,
    CHECK ((url IS NULL) <> (sha256 IS NULL))
);
CREATE INDEX maker_references_vendor ON maker_references (vendor) WHERE removed_at IS NULL;
-- The reach of an agent: with queues or sites given, only their cases exist for them. Empty means all.
-- A recovery code is known by its hash and used once; a one-time code's step is never accepted twice (RFC 6238, 5.2).
ALTER TABLE agents ADD COLUMN sites text[] NOT NULL DEFAULT '{}', ADD COLUMN totp_pending text,
    ADD COLUMN totp_step bigint, ADD COLUMN recovery_hashes bytea[] NOT NULL DEFAULT '{}';
CREATE INDEX reports_suggested ON reports (suggested) WHERE suggested IS NOT NULL;
