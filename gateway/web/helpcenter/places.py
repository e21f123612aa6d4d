"""Where somebody stands who reports: by the number on a charger, or by where their telephone says it is."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from gateway.known import Known
from gateway.web.keys import runtime_of
from routing.values import Site

NEAR = 400.0  # metres from a site within which somebody stands at it
POSITION = re.compile(r"(-?\d{1,2}\.\d{1,9}),(-?\d{1,3}\.\d{1,9})")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a QR code says that somebody stands, and what is known there: a fault, planned work."""

    charger: str
    id: str
    site: str
    city: str
    timezone: str
    known: Known | None = None
    maintenance: datetime | None = None


def place_of(request: web.Request, number: str) -> Place | None:
    directory = runtime_of(request).directory()
    known = directory.chargers.get(directory.charger_of(number) or "") if number else None
    site = directory.sites.get(known.site_id) if known else None
    return Place(known.id, site.id, site.name, site.city, site.timezone) if known and site else None


def nearby(request: web.Request, fields: Mapping[str, str]) -> str:
    """The site where a telephone says that it is, when the form names no place. The position itself is not kept."""
    if fields.get("charger", "").strip() or not (found := POSITION.fullmatch(fields.get("position", ""))):
        return ""
    here = float(found[1]), float(found[2])
    placed = [s for s in runtime_of(request).directory().sites.values() if s.latitude is not None]
    near = min(((_metres(here, site), site.id) for site in placed), default=(NEAR, ""))
    return near[1] if near[0] < NEAR else ""


def _metres(here: tuple[float, float], site: Site) -> float:
    """Between two points that are not far apart."""
    latitude, longitude = site.latitude or 0.0, site.longitude or 0.0
    across = math.cos(math.radians(latitude)) * (here[1] - longitude)
    return 111_320 * math.hypot(here[0] - latitude, across)
