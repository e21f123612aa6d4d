"""The doors: each turns what comes in into a Report and is given what it needs. Knows nothing of SQL or the web server."""
