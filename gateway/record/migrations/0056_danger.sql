-- Open cases of danger to people are few; whether there is one at a charger was looked for among all the cases that the
-- charger and its site ever had, while a caller waited for a restart.
CREATE INDEX cases_danger ON cases (charger_id, site_id)
WHERE status IN ('open', 'assigned', 'waiting', 'planned') AND merged_into IS NULL
    AND (category = 'safety' OR priority = 'P1');
