-- What is said in a talk, as text while it is said: the provider's words for each utterance, by its own numbers.
CREATE TABLE captions (
    call_sid  text NOT NULL REFERENCES calls,
    session   text NOT NULL, -- a talk that was silenced and goes on has several
    sequence  integer NOT NULL,
    at        timestamptz NOT NULL,
    speaker   text NOT NULL CHECK (speaker IN ('customer', 'agent')),
    text      text NOT NULL,
    PRIMARY KEY (call_sid, session, sequence)
);
