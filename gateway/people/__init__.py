"""Who works here and who reports: log-ins, rights and keys, addresses, what is kept of somebody, and its end."""
