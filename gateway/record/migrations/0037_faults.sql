-- Which chargers had fault cases lately, read from the index alone; a case has one fact of its own.
CREATE INDEX facts_faults ON facts (day, charger, at)
WHERE kind = 'case' AND charger IS NOT NULL
  AND category IN ('cable_stuck', 'no_start', 'interrupted', 'slow', 'offline', 'damage', 'safety');
