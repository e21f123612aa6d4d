-- Who wants the figures by mail: every day, week or month, in the morning after. One order an agent and period.
CREATE TABLE report_orders (
    agent_id  text NOT NULL REFERENCES agents,
    period    text NOT NULL CHECK (period IN ('day', 'week', 'month')),
    next_at   timestamptz NOT NULL,
    sent_at   timestamptz,
    PRIMARY KEY (agent_id, period)
);
CREATE INDEX report_orders_next ON report_orders (next_at);
