-- The Message-IDs of the mails before a mail, oldest first: an answer to it goes on with them.
ALTER TABLE report_contents ADD COLUMN mails_before text[];
