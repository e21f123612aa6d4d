-- Months that are over and of which no day has changed: the days' counts added up, so that a page over years reads little.
CREATE TABLE fact_months (
    month  date PRIMARY KEY
);
CREATE TABLE month_tallies (
    month   date NOT NULL,
    by      text NOT NULL,
    kind    text NOT NULL,
    key     text NOT NULL,
    count   integer NOT NULL,
    met     integer NOT NULL,
    missed  integer NOT NULL,
    ended   bytea NOT NULL,
    lost    bytea NOT NULL,
    PRIMARY KEY (by, month, kind, key)
);
CREATE TABLE month_tags (
    month  date NOT NULL,
    by     text NOT NULL,
    kind   text NOT NULL,
    key    text NOT NULL,
    tag    text NOT NULL,
    count  integer NOT NULL,
    PRIMARY KEY (by, month, kind, key, tag)
);
