-- The same link is kept once for a model.
CREATE UNIQUE INDEX maker_references_url ON maker_references (vendor, model, url) WHERE removed_at IS NULL;
