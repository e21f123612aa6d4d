-- What a caller or a visitor is told of a charger is an open case that several have reported or that somebody is at: few,
-- and looked for at each call among all cases that the charger ever had.
CREATE INDEX cases_told ON cases (charger_id)
WHERE status IN ('open', 'assigned', 'waiting', 'planned') AND merged_into IS NULL AND (incident OR status = 'planned');
