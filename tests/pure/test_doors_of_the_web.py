"""The form and the alarm door: what is filled in or sent -> Report, without losing anything that was said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels import alarms, form
from channels.report import Channel
from gateway import seals

NOW = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)


def test_a_form_becomes_a_report() -> None:
    fields = {
        "name": " Therese Wik ",
        "phone": "070-174 06 05",
        "email": "Therese.Wik@Example.NET",
        "charger": "24416",
        "text": "Kabeln sitter fast",
        "language": "sv",
        "connector": "2",
    }
    report = form.read(fields, key="k", received_at=NOW)
    assert (report.channel, report.key, report.text) == (Channel.FORM, "k", "Kabeln sitter fast")
    assert (report.sender.name, report.sender.phone) == ("Therese Wik", "+46701740605")
    assert report.sender.email == "therese.wik@example.net"
    assert not report.sender.verified
    assert (report.charger, report.connector, report.language) == ("24416", 2, "sv")
    assert report.full_text is None


def test_b79_what_is_no_number_or_address_stays_in_the_full_text() -> None:
    report = form.read(
        {"text": "help", "phone": "the white car", "email": "a@b>\r\nRCPT TO:<x"}, key="k", received_at=NOW
    )
    assert report.sender.phone is None
    assert report.sender.email is None
    assert report.full_text is not None
    assert "the white car" in report.full_text
    assert "RCPT TO" in report.full_text


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xd8\xff\xe0 jpeg", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"SIMPLE  =                    T", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_b74_a_picture_is_known_by_its_bytes(content: bytes, kind: str | None) -> None:
    found = form.picture(content, 1)
    assert (found.media_type if found else None) == kind


def test_b60_a_picture_has_a_name_of_ours() -> None:
    found = form.picture(b"\xff\xd8\xff\xe0", 3)
    assert found is not None
    assert found.name == "photo-3.jpg"


@pytest.mark.parametrize("fields", [{}, {"text": " \n "}, {"name": "A", "charger": "21007"}])
def test_a_form_without_words_or_choice_says_nothing(fields: dict[str, str]) -> None:
    assert not form.says_anything(fields)


def test_an_alarm_becomes_a_report_with_its_own_words() -> None:
    body = {
        "id": "a-1",
        "at": datetime(2026, 9, 14, 11, 59, tzinfo=UTC),
        "charger": "21052",
        "connector": 1,
        "protocol": "ocpp1.6",
        "status": "Faulted",
        "error": "GroundFailure",
        "vendor_code": "E17",
        "info": "RCM 41 mA residual",
    }
    report = alarms.read(body, key="7:a-1", received_at=NOW, fingerprint=b"f" * 32)
    assert report.channel is Channel.ALARM
    assert report.received_at == NOW
    assert report.alarm is not None
    assert (report.alarm.error, report.alarm.status, report.charger) == ("GroundFailure", "Faulted", "21052")
    assert report.text == "RCM 41 mA residual, Status Faulted, error GroundFailure, connector 1, vendor code E17"
    assert report.full_text is not None
    assert report.full_text.endswith("at 2026-09-14T11:59:00+00:00")


def test_a_seal_opens_with_every_key_and_for_its_purpose_alone() -> None:
    sealed = seals.seal(["old"], "form", "abc")
    assert seals.opened(["new", "old"], "form", sealed) == "abc"
    assert seals.opened(["new", "old"], "cursor", sealed) is None
    assert seals.opened(["new"], "form", sealed) is None
    assert seals.opened(["new"], "form", "") is None
    assert seals.opened(["new"], "form", ".") is None
    assert seals.opened(["old"], "form", sealed[:-1]) is None
    assert seals.opened(["old"], "form", "\ud800.å") is None
