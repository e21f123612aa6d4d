-- Wrong codes for a case, of whichever call, since the first of a day: four digits can be tried out.
CREATE TABLE code_misses (
    case_id bigint PRIMARY KEY REFERENCES cases,
    since   timestamptz NOT NULL,
    misses  integer NOT NULL
);
