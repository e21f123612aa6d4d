"""The judgement tried on mails and labelled reports: what it would make of them, and how often it is right."""
