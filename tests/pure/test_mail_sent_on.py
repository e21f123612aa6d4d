"""What mails say that were sent on, below a word or two or attached, is judged and not shown as new."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime

import pytest

from channels.mail import read
from channels.parsing_frames import ANSWER, pack, unpack
from channels.report import UNREADABLE, Report
from gateway.intake import said_of
from routing.facts import read_facts
from routing.judge import judge
from routing.values import History
from tests.fakes.desk import directory, rules

NOW = datetime(2026, 9, 28, tzinfo=UTC)
TOLD = "Kabeln sitter fast i laddare 21052."
INNER = f"From: h@example.org\r\nSubject: Hej\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{TOLD}\r\n"
CODED = base64.encodebytes(INNER.encode()).decode()
SIGNED = f"{TOLD}\n\nMvh\nHans Ek\n070-174 06 42"
SV = "Från: Hans <h@example.org>\nSkickat: den 16 september 2026 08:31\nTill: Eva <eva@example.org>\nÄmne: {0}\n\n{1}"
EN = "From: Hans <h@example.org>\nDate: 16 September 2026\nSubject: Hej\nTo: Eva\n\n"
NO = "Fra: Hans <h@example.org>\nSendt: 16. september 2026 08:31\nTil: Eva\nEmne: Hej\n\n"
FI = "Lähettäjä: Hans <h@example.org>\nLähetetty: 16. syyskuuta 2026 8.31\nVastaanottaja: Eva\nAihe: Hej\n\n"
RU = '16.09.2026, 08:31, "Hans" <h@example.org>:'
NOTES = "Hans Ek/SE/Example\n16-09-2026 08:31\n\nTo\nEva Ek/SE/Example@Example\ncc\n\nSubject\nHej"
MARKED = "\n".join(f"> {line}" for line in f"{EN}{TOLD}".split("\n"))
BELOW = {
    "outlook": ("VB: Hej", SV.format("Hej", SIGNED)),
    "outlook, twice": ("VB: Hej", SV.format("VB: Hej", f"Se nedan\n\n{SV.format('Hej', SIGNED)}")),
    "norwegian": ("VS: Hei", f"{NO}{TOLD}"),
    "gmail": ("Fwd: Hej", f"---------- Forwarded message ---------\n{EN}{TOLD}"),
    "apple": ("Fwd: Hej", f"Begin forwarded message:\n\n{MARKED}"),
    "thunderbird": ("Fwd: Hej", f"-------- Vidarebefordrat meddelande --------\n{EN}{TOLD}"),
}
HTML = {
    "gmail": '<div>FYI</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>'
    "From: <strong>Hans</strong> <span>&lt;h@example.org&gt;</span><br>Date: 16 Sep<br>Subject: Hej<br>To: Eva<br>"
    f"</div><br><div>{TOLD}</div></div>",
    "outlook": '<p>FYI</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>Från:</b> Hans &lt;h@example'
    f".org&gt;<br><b>Skickat:</b> 2026-09-16 08:31<br><b>Till:</b> E<br><b>Ämne:</b> X</p></div><p>{TOLD}</p>",
    "apple": '<div>FYI</div><div>Begin forwarded message:<br><blockquote type="cite"><div><b>From:</b> Hans &lt;h@'
    f"example.org&gt;</div><div><b>Subject:</b> Hej</div><div><b>To:</b> Eva</div><div>{TOLD}</div></blockquote></div>",
}
ATTACHED = {
    "a mail": ("message/rfc822", "7bit", INNER),
    "a mail in base64": ('message/rfc822; name="x.eml"', "base64", CODED),
    "a file": ('application/octet-stream; name="x.eml"', "base64", CODED),
}
CALENDAR = (
    "BEGIN:VCALENDAR\r\nMETHOD:{0}\r\nBEGIN:VEVENT\r\nSUMMARY;LANGUAGE=sv-SE:Besök\r\nDESCRIPTION:Kabeln sitter fast\\,"
    " laddare\r\n  21052\\nMvh Eva\r\nLOCATION:Garaget\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def mail(subject: str, text: str, kind: str = "text/plain", sender: str = "eva@example.org") -> Report:
    head = f"From: {sender}\nSubject: {subject}\nContent-Type: {kind}; charset=utf-8\n\n"
    return read((head + text).encode(), NOW, domains=("support.example",))


def with_file(kind: str, encoding: str, content: str, above: str = "Se bifogat") -> Report:
    head = "From: eva@example.org\r\nSubject: VB\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n"
    file = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}\r\n--B--\r\n"
    return read(f"{head}Content-Type: text/plain\r\n\r\n{above}\r\n--B\r\n{file}".encode(), NOW)


@pytest.mark.parametrize("above", ["FYI\n\n", ""])
@pytest.mark.parametrize(("subject", "text"), BELOW.values(), ids=BELOW)
def test_what_is_sent_on_below_is_judged_and_not_shown_as_new(subject: str, text: str, above: str) -> None:
    report = mail(subject, above + text)
    assert report.text == above.strip()
    assert TOLD in report.told
    assert "070" not in report.told
    assert "From:" not in report.told


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Fwd: Hej", f"{RU}\n\nКому: eva@example.org\nТема: Hej\n\n{TOLD}"),
        ("Fwd: Hej", f"-------- Пересылаемое сообщение --------\n{RU}\n\n{TOLD}"),
        ("Laddaren", f"-------- Пересылаемое сообщение --------\n{RU}\n\n{TOLD}"),
        ("Fw: Hej", f"----- Forwarded by Eva Ek/SE/Example on 16-09-2026 09:00 -----\n\n{NOTES}\n\n{TOLD}"),
        ("Fw: Hej", f"{NOTES}\n\n{TOLD}"),
        ("Laddaren", f"{NOTES}\n\n{TOLD}"),
    ],
)
def test_what_is_sent_on_below_a_header_without_labels_is_judged(subject: str, text: str) -> None:
    report = mail(subject, f"FYI\n\n{text}")
    assert (report.text, report.own_words) == ("FYI", f"FYI\n\n{TOLD}")


def test_a_title_says_that_a_mail_is_sent_on_whatever_its_subject() -> None:
    report = mail("Laddaren", f"FYI\n\n---------- Forwarded message ---------\n{EN}{TOLD}")
    assert (report.text, report.told) == ("FYI", f"FYI\n\n{TOLD}")


@pytest.mark.parametrize("markup", HTML.values(), ids=HTML)
def test_what_is_sent_on_below_in_html_is_judged(markup: str) -> None:
    report = mail("VB: Hej", markup, "text/html")
    assert (report.text, report.told) == ("FYI", f"FYI\n\n{TOLD}")


@pytest.mark.parametrize("above", ["Se bifogat", ""])
@pytest.mark.parametrize(("kind", "encoding", "content"), ATTACHED.values(), ids=ATTACHED)
def test_what_an_attached_mail_says_is_judged(kind: str, encoding: str, content: str, above: str) -> None:
    report = with_file(kind, encoding, content, above)
    assert report.text == above
    assert TOLD in report.told
    assert UNREADABLE not in report.flags
    assert len(report.attachments) == 1
    if not above:
        assert TOLD in (report.full_text or "")


GLUED = (
    '----- Vidarebefordrat meddelande ----- Från: Hans <h@example.org>Till: "e@example.org" <e@example.org>'
    f"Skickat: onsdag 16 september 2026 08:31Ämne: Hej\n {TOLD}"
)
WORDS_MARKED = f"---------- Forwarded message ----------\n{EN}> {TOLD}\n>\n> Hans"
ITALIAN = (
    "-------- Messaggio Inoltrato --------\nOggetto: Ciao\nData: 16/09/2026\nMittente: Hans <h@example.org>\nA: Eva\n\n"
)


@pytest.mark.parametrize(
    "text",
    [
        SV.format("Hej", TOLD),
        GLUED,
        WORDS_MARKED,
        ITALIAN + TOLD,
        *(text for name, (_, text) in BELOW.items() if name != "norwegian"),
    ],
)
@pytest.mark.parametrize("subject", ["Laddaren", "Fwd: Laddaren"])
def test_a_mail_sent_on_without_a_word_is_nobodys_new_word_and_judged(text: str, subject: str) -> None:
    report = mail(subject, text)
    assert report.text == ""
    assert TOLD in (report.own_words or "")
    assert TOLD in (report.full_text or "")


def test_what_is_sent_on_under_a_new_subject_is_judged() -> None:
    report = mail("Laddaren", f"Se nedan, kan ni åka dit?\n\n{SV.format('Hej', TOLD)}")
    assert report.text == "Se nedan, kan ni åka dit?"
    assert report.own_words == f"{report.text}\n\n{TOLD}"


@pytest.mark.parametrize(
    "text",
    [
        f"Från: Hans Ek <h@example.org>\nÄmne: Laddare\n\n{TOLD}",  # a form of a web site
        f"Från: Hans Ek <h@example.org>\nTelefon: 070-174 06 42\nDatum: 2026-09-16 08:31\nÄmne: Laddare\n\n{TOLD}",
        f"From: Malmö\nTo: Lund\nDate: 2026-09-16\nSubject: trip\n\n{TOLD}",
        f"Vidarebefordrat från min granne:\n\n{TOLD}",
    ],
)
def test_what_only_looks_like_a_header_is_shown(text: str) -> None:
    assert mail("Laddaren", text).text == text


def test_danger_in_a_mail_that_is_sent_on_is_danger() -> None:
    said = said_of(mail("VB: Hej", f"FYI\n\n{SV.format('Hej', 'Laddare 21052 brinner!')}"))
    judged = judge(said, read_facts(said, directory(), rules()), History(), directory(), rules())
    assert (judged.priority, judged.place.charger) == ("P1", "21052")


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("SV: Hej", f"Tack\n\n{SV.format('Hej', TOLD)}"),  # an answer
        ("VS: Hei", f"Kiitos\n\n{FI}{TOLD}"),  # an answer, in Finnish
        ("VB: Hej", f"FYI\n\n{SV.format('Hej', TOLD).replace('h@example.org', 'help@support.example')}"),  # ours
        ("Fwd: Hej", f"FYI\n\n{RU.replace('h@example.org', 'help@support.example')}\n\n{TOLD}"),  # ours
        ("VB: [#1042-9] Hej", f"FYI\n\n{SV.format('Hej', TOLD)}"),  # what we have as a case
        ("VB: Hej", f"FYI\n\nDet här är vidarebefordrat:\n{TOLD}"),  # somebody's own words
    ],
)
def test_what_is_not_sent_on_or_is_ours_is_not_judged(subject: str, text: str) -> None:
    assert mail(subject, text).own_words is None


def test_a_mail_of_ours_that_is_attached_is_not_judged() -> None:
    inner = INNER.replace("h@example.org", "help@support.example")
    raw = (
        "From: eva@example.org\r\nSubject: Hej\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nFYI\r\n"
        f"--B\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--B--\r\n"
    )
    assert read(raw.encode(), NOW, domains=("support.example",)).own_words is None


@pytest.mark.parametrize("unit", [f"---------- Forwarded message ---------\n{EN}", "> From: x\n> Date: y\n"])
def test_any_number_of_mails_that_are_sent_on_is_read_in_time(unit: str) -> None:
    begun = time.process_time()
    mail("VB: x", f"FYI\n{unit * (400_000 // len(unit))}")
    assert time.process_time() - begun < 2


def test_what_is_judged_comes_back_from_the_process_that_parses() -> None:
    report = mail("VB: Hej", f"FYI\n\n{SV.format('Hej', TOLD)}")
    head, said, *files = pack(report)
    assert len(said) == ANSWER.unpack(head)[0]
    assert unpack(said, b"".join(files), report.raw, NOW) == report


@pytest.mark.parametrize("kind", ["text/calendar; method=REQUEST", "application/ics; name=invite.ics"])
@pytest.mark.parametrize("above", ["", "--B\r\nContent-Type: text/plain\r\n\r\n\r\n"])
def test_an_invitation_without_other_words_is_read(kind: str, above: str) -> None:
    head = "From: eva@example.org\r\nSubject: Hej\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
    body = f"{above}--B\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n{CALENDAR.format('REQUEST')}\r\n--B--\r\n"
    report = read((head + body).encode(), NOW)
    assert report.text == "Besök\n\nGaraget\n\nKabeln sitter fast, laddare 21052\nMvh Eva"
    assert UNREADABLE not in report.flags
    assert len(report.attachments) == 1
