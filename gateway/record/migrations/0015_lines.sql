-- What the lines need to hand a case on and to end it: action proposals, visits, documents, service cards, ratings.

-- What the 3rd line needs before anybody drives out. One stands at a time; a case that is sent back needs a new one.
CREATE TABLE proposals (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id   bigint NOT NULL REFERENCES cases,
    agent_id  text REFERENCES agents,
    at        timestamptz NOT NULL,
    ended_at  timestamptz
);
CREATE UNIQUE INDEX proposals_standing ON proposals (case_id) WHERE ended_at IS NULL;
CREATE INDEX proposals_case ON proposals (case_id);
CREATE TABLE proposal_contents (
    proposal_id  bigint PRIMARY KEY REFERENCES proposals,
    fault        text NOT NULL,
    parts        text NOT NULL,
    tools        text NOT NULL,
    access       text NOT NULL,
    safety       text NOT NULL
);

-- A visit at a site. Whoever has its link may choose one of its times; `sequence` counts the changes of its times.
CREATE TABLE visits (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id     bigint NOT NULL REFERENCES cases,
    agent_id    text NOT NULL REFERENCES agents,
    report_id   bigint REFERENCES reports, -- with whose reporter it is planned; null: with the owner, or with nobody
    token       text NOT NULL UNIQUE CHECK (length(token) >= 22),
    language    text NOT NULL,
    state       text NOT NULL CHECK (state IN ('proposed', 'booked', 'performed', 'cancelled', 'lapsed')),
    sequence    integer NOT NULL DEFAULT 0,
    starts_at   timestamptz,
    ends_at     timestamptz,
    created_at  timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    verified    boolean,
    CHECK ((starts_at IS NULL) = (ends_at IS NULL)),
    CHECK (state <> 'booked' OR starts_at IS NOT NULL),
    CHECK ((state IN ('proposed', 'booked')) = (ended_at IS NULL)),
    CHECK ((state = 'performed') = (verified IS NOT NULL))
);
CREATE UNIQUE INDEX visits_open ON visits (case_id) WHERE ended_at IS NULL;
CREATE INDEX visits_case ON visits (case_id);
CREATE INDEX visits_report ON visits (report_id) WHERE report_id IS NOT NULL;
CREATE INDEX visits_agent ON visits (agent_id, starts_at) WHERE ended_at IS NULL;
CREATE TABLE visit_times (
    visit_id   bigint NOT NULL REFERENCES visits,
    nth        smallint NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    PRIMARY KEY (visit_id, nth),
    CHECK (ends_at > starts_at)
);

-- Files that colleagues put beside a case: photos of a visit, a manufacturer's document.
CREATE TABLE documents (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id     bigint NOT NULL REFERENCES cases,
    visit_id    bigint REFERENCES visits,
    agent_id    text REFERENCES agents,
    at          timestamptz NOT NULL,
    name        text NOT NULL,
    media_type  text NOT NULL,
    size        bigint NOT NULL,
    sha256      bytea NOT NULL CHECK (octet_length(sha256) = 32)
);
CREATE INDEX documents_case ON documents (case_id);
CREATE INDEX documents_blob ON documents (sha256);

-- The service card of an area: one row for each piece of work that was done there.
CREATE TABLE service_cards (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id      text NOT NULL,
    charger_id   text,
    case_id      bigint NOT NULL REFERENCES cases,
    visit_id     bigint UNIQUE REFERENCES visits,
    agent_id     text REFERENCES agents,
    at           timestamptz NOT NULL,
    line         smallint NOT NULL,
    category     text NOT NULL,
    fault_code   text,
    disposition  text,
    verified     boolean
);
CREATE INDEX service_cards_site ON service_cards (site_id, at DESC);
CREATE INDEX service_cards_case ON service_cards (case_id);
CREATE TABLE service_card_contents (
    card_id  bigint PRIMARY KEY REFERENCES service_cards,
    work     text NOT NULL,
    parts    text NOT NULL DEFAULT ''
);

-- What customers thought of it: one answer a report. The words lie apart and can be erased.
CREATE TABLE ratings (
    report_id  bigint PRIMARY KEY REFERENCES reports,
    case_id    bigint NOT NULL REFERENCES cases,
    at         timestamptz NOT NULL,
    score      smallint NOT NULL CHECK (score BETWEEN 1 AND 5)
);
CREATE INDEX ratings_case ON ratings (case_id);
CREATE TABLE rating_comments (
    report_id  bigint PRIMARY KEY REFERENCES ratings,
    text       text NOT NULL
);

-- Clocks: since when they stand still, and the expected time that reporters were last told.
ALTER TABLE cases ADD COLUMN paused_at timestamptz, ADD COLUMN told_solution timestamptz;
UPDATE cases SET told_solution = due_solution;
-- Each warning and each breach of a target, once for each time at which it was due.
CREATE TABLE sla_marks (
    case_id  bigint NOT NULL REFERENCES cases,
    target   text NOT NULL CHECK (target IN ('first_response', 'line', 'next_update', 'solution')),
    due      timestamptz NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('warned', 'breached')),
    at       timestamptz NOT NULL,
    PRIMARY KEY (case_id, target, due, kind)
);
CREATE INDEX cases_due ON cases (least(due_first_response, due_next_update, due_solution))
    WHERE status IN ('open', 'assigned', 'waiting', 'planned');

-- Each reporter's own yes, about the conclusion that was confirmed with it.
CREATE TABLE confirmations (
    report_id     bigint NOT NULL REFERENCES reports,
    concluded_at  timestamptz NOT NULL,
    at            timestamptz NOT NULL,
    PRIMARY KEY (report_id, concluded_at)
);
