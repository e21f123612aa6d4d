"""The owners' portal: the cases, sites and figures of one organisation, and its people."""
