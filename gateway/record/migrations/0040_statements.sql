-- What was stated of every day and signed; nothing of it is ever changed.
CREATE TABLE statements (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day        date NOT NULL,
    edition    integer NOT NULL,
    text       text NOT NULL,
    seal       text NOT NULL UNIQUE,
    signed_at  timestamptz NOT NULL,
    UNIQUE (day, edition)
);
CREATE FUNCTION refuse_restating() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'statements are append-only';
END $$;
CREATE TRIGGER statements_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON statements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_restating();
