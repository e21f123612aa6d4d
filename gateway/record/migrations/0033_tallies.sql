-- Counted days and months with their sums, so that averages and shares read no waits; waits only of what is told in
-- quantiles, in network order and not compressed: they are read far more often than written. All days are counted again.
DROP TABLE day_tallies, month_tallies;
CREATE TABLE day_tallies (
    day       date NOT NULL,
    by        text NOT NULL,
    kind      text NOT NULL,
    key       text NOT NULL,
    count     integer NOT NULL,
    met       integer NOT NULL,
    missed    integer NOT NULL,
    answered  integer NOT NULL,
    total     bigint NOT NULL,
    soon      integer NOT NULL,
    longest   bigint,
    ended     bytea NOT NULL,
    lost      bytea NOT NULL,
    PRIMARY KEY (by, day, kind, key)
);
CREATE TABLE month_tallies (
    month     date NOT NULL,
    by        text NOT NULL,
    kind      text NOT NULL,
    key       text NOT NULL,
    count     integer NOT NULL,
    met       integer NOT NULL,
    missed    integer NOT NULL,
    answered  integer NOT NULL,
    total     bigint NOT NULL,
    soon      integer NOT NULL,
    longest   bigint,
    ended     bytea NOT NULL,
    lost      bytea NOT NULL,
    PRIMARY KEY (by, month, kind, key)
);
ALTER TABLE day_tallies ALTER ended SET STORAGE EXTERNAL, ALTER lost SET STORAGE EXTERNAL;
ALTER TABLE month_tallies ALTER ended SET STORAGE EXTERNAL, ALTER lost SET STORAGE EXTERNAL;
TRUNCATE day_tags, month_tags, fact_months;
UPDATE fact_days SET dirty = true;

-- To what a fact belongs in a dimension; the hour and the weekday are those of the site.
CREATE FUNCTION fact_key(by text, f facts) RETURNS text LANGUAGE sql STABLE AS $$
SELECT coalesce(CASE by
    WHEN 'all' THEN '' WHEN 'channel' THEN f.channel WHEN 'queue' THEN f.queue WHEN 'line' THEN f.line::text
    WHEN 'priority' THEN f.priority WHEN 'sla_level' THEN f.sla_level WHEN 'site' THEN f.site WHEN 'owner' THEN f.owner
    WHEN 'language' THEN f.language WHEN 'category' THEN f.category
    WHEN 'hour' THEN to_char(f.at AT TIME ZONE f.timezone, 'HH24')
    WHEN 'weekday' THEN to_char(f.at AT TIME ZONE f.timezone, 'ID') END, '-')
$$;

-- When the target of a fact that is not over yet passes.
CREATE FUNCTION fact_due(kind text, c cases) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
SELECT CASE kind WHEN 'response' THEN c.due_first_response WHEN 'stay' THEN c.due_line WHEN 'solution' THEN c.due_solution END
$$;

-- The worst of a kind first, as a drill-down lists them; what is not over yet before all.
CREATE INDEX facts_worst ON facts (kind, (coalesce(ended, lost)) DESC, case_id);
CREATE INDEX facts_visits ON facts (day) WHERE kind = 'visit';
