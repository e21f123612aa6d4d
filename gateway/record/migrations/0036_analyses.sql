-- What a line found out about a fault. One stands at a time; codes here, words in a table of their own.
CREATE TABLE analyses (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id     bigint NOT NULL REFERENCES cases,
    agent_id    text REFERENCES agents,
    at          timestamptz NOT NULL,
    component   text NOT NULL,
    fault_code  text,
    reproduced  boolean NOT NULL,
    ended_at    timestamptz
);
CREATE UNIQUE INDEX analyses_standing ON analyses (case_id) WHERE ended_at IS NULL;
CREATE INDEX analyses_case ON analyses (case_id);
CREATE TABLE analysis_contents (
    analysis_id  bigint PRIMARY KEY REFERENCES analyses,
    cause        text NOT NULL,
    evidence     text NOT NULL
);
