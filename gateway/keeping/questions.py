"""What the record is asked about a group of reports: whom they are from, and which cases might be meant.

Pure: rows and parameters in, values out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from channels.numbers import HOME, normalise, region_of
from channels.report import Report
from gateway.messages.threads import Reference
from gateway.record import people
from gateway.record.db import recordset
from routing.duplicates import alone, goes_on, kin
from routing.evidence import COMPARED
from routing.facts import Facts
from routing.values import History, Judgement, Said

OPEN_LOOKBACK = timedelta(days=90)
CONCLUDED_LOOKBACK = timedelta(days=14)
PLACELESS_LOOKBACK = timedelta(hours=24)

# Where a telephone number without a country is read, by the language it stands in.
REGIONS = {"sv": "SE", "no": "NO", "da": "DK", "fi": "FI", "de": "DE"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A report made ready before the transaction: cleaned, its files stored, its facts and its sender read."""

    report: Report
    said: Said
    facts: Facts
    newcomer: people.Newcomer
    raw_blob: str | None
    attachments: tuple[str, ...]  # SHA-256 of each attachment, in order


def newcomer(report: Report, facts: Facts) -> people.Newcomer:
    """Whom a report is from, and whom it mentions."""
    sender = report.sender
    own = people.addresses(sender.phone, sender.email)
    numbers = any("@" not in contact for contact in facts.contacts)
    region = (region_of(sender.phone) or REGIONS.get(facts.language, HOME)) if numbers else None
    mentioned = [("email", c) if "@" in c else ("phone", normalise(c, region)) for c in facts.contacts]
    return people.Newcomer(
        own,
        sender.name,
        report.language,
        sender.verified,
        sender.language,
        tuple((kind, value) for kind, value in mentioned if value and (kind, value) not in own),
    )


def wanted(
    group: Sequence[Prepared],
    judgements: Sequence[Judgement],
    met: people.Met,
    references: Sequence[Reference],
    now: datetime,
) -> dict[str, Any]:
    """By what the candidates of a group are looked for."""
    rows = []
    for item, judgement, person, mentioned in zip(group, judgements, met.persons, met.mentioned, strict=True):
        place = judgement.place
        named = [*place.chargers, *([place.charger] if place.charger else [])]
        row = {
            "site": place.site,
            "chargers": list(dict.fromkeys(named)),
            "alone": item.said.alarm is None and alone(judgement),  # alarms of maintenance share one case of a site
            "persons": sorted(mentioned.union([person] if person is not None else [])),
            "placeless": judgement.mass or place.site is None,
            "category": judgement.category,
            "goes_on": goes_on(item.said, judgement, met.histories.get(person or 0, History())),
            "kin": None if item.said.alarm else kin(judgement),
        }
        rows.append(row)
    return {
        "rows": recordset(rows),
        "since": now - OPEN_LOOKBACK,
        "recent": now - PLACELESS_LOOKBACK,
        "concluded": now - CONCLUDED_LOOKBACK,
        "compared": COMPARED,
        "referred": sorted({reference.case for reference in references if reference.case}),
    }
