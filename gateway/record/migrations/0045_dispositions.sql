-- Figures by agent and by day, and what came of calls: every timeline is read again, and all days are counted again.
CREATE OR REPLACE FUNCTION fact_key(by text, f facts) RETURNS text LANGUAGE sql STABLE AS $$
SELECT coalesce(CASE by
    WHEN 'all' THEN '' WHEN 'channel' THEN f.channel WHEN 'queue' THEN f.queue WHEN 'line' THEN f.line::text
    WHEN 'priority' THEN f.priority WHEN 'sla_level' THEN f.sla_level WHEN 'site' THEN f.site WHEN 'owner' THEN f.owner
    WHEN 'language' THEN f.language WHEN 'category' THEN f.category WHEN 'agent' THEN f.agent_id
    WHEN 'hour' THEN to_char(f.at AT TIME ZONE f.timezone, 'HH24')
    WHEN 'weekday' THEN to_char(f.at AT TIME ZONE f.timezone, 'ID')
    WHEN 'day' THEN to_char(f.at AT TIME ZONE f.timezone, 'YYYY-MM-DD') END, '-')
$$;
TRUNCATE fact_months, month_tallies, month_tags;
UPDATE fact_days SET dirty = true;
UPDATE fact_mark SET entry = 0, seen = 0, seen_until = 0;
