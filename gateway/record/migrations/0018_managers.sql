-- What everybody who asks is told for a while: text by language, at one site or (null) everywhere.
CREATE TABLE announcements (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id       text REFERENCES sites,
    texts         jsonb NOT NULL,
    begins_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL,
    made_by       text REFERENCES agents,
    created_at    timestamptz NOT NULL,
    withdrawn_at  timestamptz,
    CHECK (ends_at > begins_at)
);
CREATE INDEX announcements_current ON announcements (ends_at) WHERE withdrawn_at IS NULL;
-- Queues whose free work goes to another until then.
CREATE TABLE overflows (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue       text NOT NULL,
    into_queue  text NOT NULL CHECK (into_queue <> queue),
    began_at    timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    ended_at    timestamptz,
    made_by     text REFERENCES agents
);
CREATE UNIQUE INDEX overflows_open ON overflows (queue) WHERE ended_at IS NULL;
-- Alarms for people. `worst` and `value` are figures; a row is one time that something was wrong.
CREATE TABLE people_alarms (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,
    key        text NOT NULL DEFAULT '',
    began_at   timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    value      double precision,
    told_at    timestamptz,
    ended_at   timestamptz,
    taken_by   text REFERENCES agents,
    taken_at   timestamptz
);
CREATE UNIQUE INDEX people_alarms_open ON people_alarms (kind, key) WHERE ended_at IS NULL;
CREATE INDEX people_alarms_began ON people_alarms (began_at);
