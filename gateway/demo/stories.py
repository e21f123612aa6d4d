"""What the demo's people have to tell: an endless sequence of stories, the same again after a restart.

The first are those of `opening.txt`, then the other samples in a shuffled order in which what belongs together stays
together, then sentences of `prose.toml` about a charger and a person taken at random. The labels of the samples are
never looked at. Raises ValueError when a file is not as it must be.
"""

from __future__ import annotations

import csv
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from channels.report import Alarm, Channel, Report, Sender
from gateway.trials.samples import read_samples, report_of

SEED = 1889
SPREAD = 5  # places between two reports of one matter, at most


@dataclass(frozen=True, slots=True)
class Story:
    """Something that somebody tells. `nth` counts all stories of an installation and names this one, `at` is when it
    is told first; a second try changes neither.
    """

    nth: int
    at: datetime
    channel: Channel
    text: str
    sender: Sender
    language: str | None = None
    subject: str | None = None
    charger: str | None = None
    connector: int | None = None
    alarm: Alarm | None = None

    @property
    def chance(self) -> random.Random:
        """The story's own dice, which fall the same way whenever it is told."""
        return random.Random(f"{SEED} {self.nth}")


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that can be told: the samples in their order, and what to make up sentences from."""

    told: Sequence[Report]
    opening: int
    prose: Sequence[Mapping[str, Any]]
    people: Sequence[Mapping[str, str]]
    chargers: Sequence[Mapping[str, str]]

    def story(self, nth: int, at: datetime) -> Story:
        """The nth story, counted from 0."""
        return _sample(nth, at, self.told[nth]) if nth < len(self.told) else self._made_up(nth, at)

    def _made_up(self, nth: int, at: datetime) -> Story:
        dice = random.Random(f"{SEED} made up {nth}")
        said, charger = dice.choice(self.prose), dice.choice(self.chargers)
        people = [person for person in self.people if person["language"] == said["language"]]
        person = dice.choice(people)
        channel = Channel(dice.choice(said["channels"]))
        kilowatts = dice.randint(2, 90)
        filled = {**charger, "name": person["name"], "number": str(kilowatts)}
        spoken = channel in (Channel.PHONE, Channel.SMS)
        return Story(
            nth=nth,
            at=at,
            channel=channel,
            text=said["text"].format_map(filled),
            sender=Sender(
                name=person["name"],
                phone=person["phone"] if spoken or channel is Channel.FORM else None,
                email=None if spoken else person["email"],
            ),
            language=said["language"],
            subject=said["subject"].format_map(filled),
            charger=charger["charger"] if channel in (Channel.PHONE, Channel.FORM) else None,
        )


def open_book(folder: Path) -> Book:
    """Read the demo's folder: samples, opening, prose, chargers and their places."""
    samples = [report_of(sample) for sample in read_samples(folder / "reports.jsonl")]
    first = _names(folder / "opening.txt")
    known = {report.key: report for report in samples}
    opening = [known[name] for name in first if name in known]
    rest = [report for report in samples if report.key not in first]
    prose = tomllib.loads((folder / "prose.toml").read_text(encoding="utf-8"))
    return Book(
        told=[*opening, *_shuffled(rest)],
        opening=len(opening),
        prose=prose["said"],
        people=prose["people"],
        chargers=_chargers(folder),
    )


def _sample(nth: int, at: datetime, report: Report) -> Story:
    return Story(
        nth=nth,
        at=at,
        channel=report.channel,
        text=report.text,
        sender=report.sender,
        language=report.language,
        subject=report.subject,
        charger=report.charger,
        connector=report.connector,
        alarm=report.alarm and replace(report.alarm, info=report.alarm.info or report.text),
    )


def _shuffled(reports: Sequence[Report]) -> list[Report]:
    """Days in another order, and each day's reports a little mixed: what was told together is told together again."""
    dice = random.Random(SEED)
    days: dict[Any, list[Report]] = {}
    for report in reports:
        days.setdefault(report.received_at.date(), []).append(report)
    order = list(days.values())
    dice.shuffle(order)
    return [
        report
        for day in order
        for _, report in sorted(
            ((place + dice.uniform(0, SPREAD), report) for place, report in enumerate(day)), key=lambda pair: pair[0]
        )
    ]


def _names(path: Path) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def _chargers(folder: Path) -> list[dict[str, str]]:
    with (folder / "sites.csv").open(encoding="utf-8", newline="") as file:
        sites = {row["site_id"]: row for row in csv.DictReader(file)}
    with (folder / "chargers.csv").open(encoding="utf-8", newline="") as file:
        return [
            {
                "charger": row["charger_id"],
                "site": sites[row["site_id"]]["name"],
                "street": sites[row["site_id"]]["street"],
                "city": sites[row["site_id"]]["city"],
            }
            for row in csv.DictReader(file)
        ]
