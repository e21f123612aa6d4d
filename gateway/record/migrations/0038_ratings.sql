-- What a caller thought of a call: keyed at its end, or asked by text afterwards and answered with one digit.
ALTER TABLE calls ADD COLUMN rating smallint CHECK (rating BETWEEN 1 AND 5),
                  ADD COLUMN asked_at timestamptz, -- when it was decided whether to ask by text
                  ADD COLUMN asked_by bigint REFERENCES messages; -- the text that asked
CREATE INDEX calls_to_ask ON calls (ended_at) WHERE answered_at IS NOT NULL AND asked_at IS NULL AND rating IS NULL;
CREATE INDEX calls_asked ON calls (asked_by) WHERE asked_by IS NOT NULL;
