-- Who else a mail went to, of those who can be answered.
ALTER TABLE report_contents ADD COLUMN copies text[];
