"""What intake does with a group of reports: read what they say, ask the record, judge, decide, write them down."""
