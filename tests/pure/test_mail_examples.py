"""The 24 mails, field by field."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.mail import read

DATA = Path(__file__).parents[1] / "data" / "mail"
EXPECTED = json.loads((DATA / "expected.json").read_text())
NOW = datetime(2026, 9, 28, tzinfo=UTC)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_mail_is_read_as_expected(name: str) -> None:
    raw = (DATA / name).read_bytes()
    expected = EXPECTED[name]
    report = read(raw, NOW, domains={"support.example"})
    assert report.quarantined is None
    assert report.sender.email == expected["from"].lower()
    assert report.subject == expected["subject"]
    assert report.text.split() == expected["new_text"].split()
    assert [attachment.name for attachment in report.attachments] == expected["attachments"]
    assert (report.auto_reply, report.bounce) == (expected["auto_reply"], expected["bounce"])
    assert report.raw == raw


def test_all_are_there() -> None:
    assert len(EXPECTED) == 24
    assert sorted(EXPECTED) == sorted(file.name for file in DATA.glob("*.eml"))
