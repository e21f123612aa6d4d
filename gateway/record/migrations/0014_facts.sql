-- What timelines say, as rows to count; all of it can be made again from the timeline. `ended` and `lost` are
-- microseconds; both null: not over yet. `day` is that of the house's time zone.
CREATE TABLE facts (
    case_id    bigint NOT NULL,
    nth        integer NOT NULL,
    kind       text NOT NULL,
    at         timestamptz NOT NULL,
    day        date NOT NULL,
    ended      bigint,
    lost       bigint,
    met        boolean,
    tags       text[] NOT NULL,
    agent_id   text,
    channel    text NOT NULL,
    queue      text NOT NULL,
    line       smallint NOT NULL,
    priority   text NOT NULL,
    sla_level  text NOT NULL,
    site       text,
    owner      text,
    language   text NOT NULL,
    timezone   text NOT NULL,
    category   text NOT NULL,
    charger    text,
    PRIMARY KEY (case_id, nth)
);
CREATE INDEX facts_day ON facts (day, kind);
CREATE INDEX facts_open ON facts (kind, at) WHERE ended IS NULL AND lost IS NULL;
-- Days that have facts; a dirty one has changed since it was counted.
CREATE TABLE fact_days (
    day    date PRIMARY KEY,
    dirty  boolean NOT NULL
);
CREATE INDEX fact_days_dirty ON fact_days (day) WHERE dirty;
-- Facts that are over, counted: waits as ordered 64-bit microseconds.
CREATE TABLE day_tallies (
    day     date NOT NULL,
    by      text NOT NULL,
    kind    text NOT NULL,
    key     text NOT NULL,
    count   integer NOT NULL,
    met     integer NOT NULL,
    missed  integer NOT NULL,
    ended   bytea NOT NULL,
    lost    bytea NOT NULL,
    PRIMARY KEY (by, day, kind, key)
);
CREATE TABLE day_tags (
    day    date NOT NULL,
    by     text NOT NULL,
    kind   text NOT NULL,
    key    text NOT NULL,
    tag    text NOT NULL,
    count  integer NOT NULL,
    PRIMARY KEY (by, day, kind, key, tag)
);
-- How far the timeline has been read. Entries up to `seen` were there when transactions before `seen_until` ran;
-- once none of those runs, no earlier entry can appear any more.
CREATE TABLE fact_mark (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    entry       bigint NOT NULL DEFAULT 0,
    seen        bigint NOT NULL DEFAULT 0,
    seen_until  bigint NOT NULL DEFAULT 0
);
INSERT INTO fact_mark DEFAULT VALUES;

-- What agents were doing, from when on: whoever changes it, it is written down.
CREATE TABLE agent_activity (
    agent_id  text NOT NULL,
    at        timestamptz NOT NULL,
    activity  text NOT NULL
);
CREATE INDEX agent_activity_at ON agent_activity (agent_id, at);
CREATE FUNCTION note_activity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO agent_activity (agent_id, at, activity) VALUES (NEW.id, NEW.activity_at, NEW.activity);
    RETURN NULL;
END $$;
CREATE TRIGGER agents_activity AFTER INSERT OR UPDATE OF activity ON agents
    FOR EACH ROW EXECUTE FUNCTION note_activity();
