-- Cases about a site that a report about one charger alone may belong to: they are few, and were looked for among the
-- newest twenty of the site, nearly all of which are about its other chargers.
CREATE INDEX cases_whole_site ON cases (site_id, last_report_at DESC) WHERE charger_id IS NULL OR whole_site;
