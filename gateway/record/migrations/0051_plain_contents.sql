-- What a mail says is not compressed: that cost more than any other part of storing it, and back-ups compress by
-- themselves. What is already there stays as it is.
ALTER TABLE report_contents ALTER COLUMN raw SET STORAGE EXTERNAL,
                            ALTER COLUMN html SET STORAGE EXTERNAL,
                            ALTER COLUMN full_text SET STORAGE EXTERNAL;
