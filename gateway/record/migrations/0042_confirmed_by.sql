-- How somebody's yes came when not from the page behind their link, where they are also asked how it went.
ALTER TABLE confirmations ADD COLUMN by text CHECK (by IN ('phone', 'sms'));
