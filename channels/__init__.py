"""The doors: each turns what comes in into a Report. They are given what they need and know no SQL, no web server."""
