"""The user part of a mail server's URL: who logs in, and whether a token is brought in place of a password.

`user;AUTH=XOAUTH2` as in RFC 5092 section 3.2, which has the method for IMAP alone; a relay's URL may say it as well.
"""

from __future__ import annotations

from urllib.parse import unquote

METHOD = "AUTH=XOAUTH2"


def named(user: str | None) -> tuple[str, bool]:
    """The name behind a URL's user part, and whether a token opens the door for it."""
    name, _, method = (user or "").partition(";")
    by_token = method.upper() == METHOD
    return unquote(name if by_token else user or ""), by_token
