"""What everybody is told for a while: on the phone, in the help center and the portal, in automatic answers.

A board holds what is in force, read again every few seconds, so that it is there also while the database is away and
asking it costs nothing. An announcement for a site is told to whoever asks about that site; one for all, to all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import psycopg

from gateway.languages import SPOKEN
from gateway.record import floor
from gateway.record.db import Database, Unavailable
from gateway.record.floor import Announcement


class Board:
    """The announcements of this process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: Sequence[Announcement] = ()

    async def look(self, now: datetime) -> None:
        """Read what is announced; keeps what it knew while the database is away."""
        with suppress(Unavailable, psycopg.Error):
            self._known = await floor.announcements(self._db, now)

    def told(self, language: str, now: datetime, *sites: str | None) -> list[str]:
        """What is said now to somebody who asks about these sites (None: to everybody), the newest first."""
        current = [one for one in self._known if one.begins <= now < one.ends and one.site in sites]
        return [text for text in (words(one.texts, language) for one in current) if text]


def words(texts: Mapping[str, str], language: str) -> str:
    """The text in a language, else in English, else in whatever there is."""
    return texts.get(language) or texts.get(SPOKEN) or next(iter(texts.values()), "")
