-- What of a report's text its sender said, where the rest is ours: a call tells what was keyed in words of our own.
ALTER TABLE report_contents ADD COLUMN own_words text;
