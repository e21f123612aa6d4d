-- Whether who rings with a number is one person, for all we know: whoever answers a switchboard gets no texts of ours there.
-- One that takes none because its owner said STOP is one person's.
CREATE FUNCTION one_persons(number text, told jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT told #>> '{call,facts,textless}' IS NULL OR EXISTS (
        SELECT FROM identities WHERE kind = 'phone' AND value = number AND unlinked_at IS NULL AND stopped_at IS NOT NULL)
$$;
