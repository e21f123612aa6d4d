-- A month of an owner's cases, for the SLA report.
CREATE INDEX cases_owner_opened ON cases (owner_id, opened_at) WHERE owner_id IS NOT NULL;
