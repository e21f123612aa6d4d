-- What each connector of a charger last said about itself; the case is where its alarms are kept.
CREATE TABLE alarm_states (
    charger_id      text NOT NULL,
    connector       integer NOT NULL, -- 0 is the charger as a whole
    case_id         bigint REFERENCES cases,
    faulty          boolean NOT NULL,
    code            text,
    since           timestamptz NOT NULL,
    changes         smallint NOT NULL, -- between well and faulty, since the window began
    window_from     timestamptz NOT NULL,
    flapping_until  timestamptz,
    heard_at        timestamptz NOT NULL,
    PRIMARY KEY (charger_id, connector)
);
CREATE INDEX alarm_states_case ON alarm_states (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX alarm_states_heard ON alarm_states (heard_at);
-- A case of alarms that wait for planned maintenance to end.
ALTER TABLE cases ADD COLUMN muted boolean NOT NULL DEFAULT false;
