-- What came of a call, as the agent said who wrote it up; and which call an agent writes up.
ALTER TABLE calls ADD COLUMN disposition text;
ALTER TABLE agents ADD COLUMN wrap_sid text;
