-- Where the sender of a mail asks answers to go: web forms name their writer there.
ALTER TABLE report_contents ADD COLUMN reply_to text;
