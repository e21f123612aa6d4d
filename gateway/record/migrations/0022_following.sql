-- Where a reporter wants a text when the problem is solved, beside how they reported. Personal, and erased with the rest.
ALTER TABLE report_contents ADD COLUMN text_to text;
