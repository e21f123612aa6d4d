-- What each channel's own ledger says came on a day, against what is in reports. `missing` lists the differences:
-- [{"id", "at"}], the provider's SIDs or the beginning of a report's digest.
CREATE TABLE ledger_days (
    day       date NOT NULL,
    door      text NOT NULL,
    ledger    text NOT NULL,
    came      bigint NOT NULL,
    kept      bigint NOT NULL,
    waiting   bigint NOT NULL DEFAULT 0,
    mended    bigint NOT NULL DEFAULT 0,
    missing   jsonb NOT NULL DEFAULT '[]',
    drawn_at  timestamptz NOT NULL,
    PRIMARY KEY (day, door, ledger)
);
