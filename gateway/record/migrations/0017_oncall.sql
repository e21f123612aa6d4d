-- On call: who is rung when nobody takes what cannot wait, the ladders that are climbed, and every telephone that we ring.
CREATE TABLE rota (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    line       smallint NOT NULL CHECK (line BETWEEN 1 AND 3),
    region     text, -- null: everywhere
    agent_id   text NOT NULL REFERENCES agents,
    phone      text NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    CHECK (ends_at > starts_at)
);
CREATE UNIQUE INDEX rota_shift ON rota (agent_id, line, coalesce(region, ''), starts_at);
CREATE INDEX rota_ends ON rota (ends_at);

CREATE TABLE climbs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id     bigint NOT NULL REFERENCES cases,
    why         text NOT NULL CHECK (why IN ('danger', 'whole_site', 'call')),
    call_sid    text, -- the live call that the ladder is climbed for
    step        integer NOT NULL DEFAULT 0, -- rungs that have been rung
    due_at      timestamptz, -- of the next rung
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    ended       text CHECK (ended IN ('taken', 'last_resort', 'claimed', 'over')),
    agent_id    text REFERENCES agents,
    CHECK ((due_at IS NULL) = (ended_at IS NOT NULL)),
    CHECK ((ended IS NULL) = (ended_at IS NULL)),
    CHECK ((why = 'call') = (call_sid IS NOT NULL))
);
CREATE UNIQUE INDEX climbs_open ON climbs (case_id) WHERE ended_at IS NULL;
CREATE INDEX climbs_due ON climbs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX climbs_case ON climbs (case_id);
CREATE INDEX climbs_call ON climbs (call_sid) WHERE call_sid IS NOT NULL;
CREATE INDEX cases_urgent ON cases (opened_at)
    WHERE status = 'open' AND merged_into IS NULL AND (priority = 'P1' OR whole_site);

-- Telephones that we ring. The number is here for as long as it is needed and no longer.
CREATE TABLE rings (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purpose      text NOT NULL CHECK (purpose IN ('oncall', 'agent', 'customer')),
    case_id      bigint REFERENCES cases, -- null: of a call that could not be filed
    agent_id     text REFERENCES agents, -- null: the last resort, or a customer
    climb_id     bigint REFERENCES climbs,
    step         integer,
    item_id      bigint REFERENCES work_items,
    offer_id     bigint REFERENCES offers,
    phone        text,
    state        text NOT NULL CHECK (state IN ('due', 'ringing', 'taken', 'passed', 'missed', 'failed')),
    reason       text,
    due_at       timestamptz, -- when to ring, to ring again, or to give up waiting
    attempts     smallint NOT NULL DEFAULT 0,
    lease_epoch  integer NOT NULL DEFAULT 0,
    sid          text UNIQUE,
    room         text, -- where whoever took it is waiting
    created_at   timestamptz NOT NULL,
    tried_at     timestamptz,
    ended_at     timestamptz,
    CHECK ((state IN ('due', 'ringing')) = (due_at IS NOT NULL)),
    CHECK ((state IN ('due', 'ringing')) = (ended_at IS NULL)),
    CHECK (state IN ('due', 'ringing') OR phone IS NULL),
    CHECK ((purpose = 'oncall') = (climb_id IS NOT NULL))
);
CREATE UNIQUE INDEX rings_rung ON rings (climb_id, step) WHERE climb_id IS NOT NULL;
CREATE UNIQUE INDEX rings_offer ON rings (offer_id) WHERE offer_id IS NOT NULL;
CREATE INDEX rings_due ON rings (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX rings_case ON rings (case_id);

ALTER TABLE calls ADD COLUMN room text; -- where whoever answered is waiting for the caller

-- Callers who wait are work, and stay so as call-backs: with the place that they had, tried again at stated times.
ALTER TABLE work_items ADD COLUMN tries smallint NOT NULL DEFAULT 0, ADD COLUMN not_before timestamptz;
CREATE INDEX work_items_live ON work_items (priority, arrived_at, id) WHERE kind <> 'case' AND state IN ('waiting', 'offered');
CREATE INDEX work_items_sid ON work_items (call_sid) WHERE call_sid IS NOT NULL;
CREATE UNIQUE INDEX work_items_callback ON work_items (call_sid) WHERE kind = 'callback' AND state <> 'done';
CREATE INDEX rings_item ON rings (item_id) WHERE item_id IS NOT NULL;
CREATE INDEX call_contents_callback ON call_contents ((state ->> 'callback')) WHERE state ? 'callback';
