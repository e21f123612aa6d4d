-- What somebody reported before, and which cases a charger's reports are in, stands in the index: their rows lie all over
-- a large table, and each was a page to read.
DROP INDEX reports_person;
CREATE INDEX reports_person ON reports (person_id, received_at DESC) INCLUDE (case_id, charger_id, site_id, category)
WHERE person_id IS NOT NULL;
DROP INDEX reports_charger;
CREATE INDEX reports_charger ON reports (charger_id, received_at DESC) INCLUDE (case_id) WHERE charger_id IS NOT NULL;
