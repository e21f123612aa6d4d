-- Files that nothing refers to since somebody was erased or a period ended, until the store of files has given them up.
CREATE TABLE doomed_files (
    sha256  text PRIMARY KEY,
    since   timestamptz NOT NULL
);
-- Whether anything refers to a raw mail was looked for among all contents.
CREATE INDEX report_contents_raw ON report_contents (raw_blob) WHERE raw_blob IS NOT NULL;
