"""The console without a browser: who may post, who was first, what is missing, what files become, what streams tell."""

from __future__ import annotations

import asyncio
import io
import re
import struct
import zlib
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from html import unescape
from pathlib import Path

import pytest
from aiohttp import ClientResponse, FormData
from PIL import Image
from psycopg.types.json import Jsonb

from channels.imap_cursor import Reconciliation
from channels.mail import read
from channels.report import FORGED, Attachment, Channel, Receipt, Report, Sender, Thread
from gateway import dispatch
from gateway.activity import set_activity
from gateway.casenumber import parse
from gateway.config import Config
from gateway.messages.threads import reply_token
from gateway.web.pages import HEADERS
from tests.fakes.house import CSRF, House, open_house

PASSWORD = "a quiet shift for everybody"
EMAIL = "agent01@support.example"
STUCK = "The cable is stuck in my car at charger 22809 and I cannot leave"
PATIENCE = 8.0  # seconds; a stream looks around every 4 s


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config) as opened:
        await opened.hire("a01", PASSWORD, "agent")
        await opened.log_in(EMAIL, PASSWORD)
        yield opened


async def do(house: House, number: str, verb: str, **fields: str) -> ClientResponse:
    csrf = await house.csrf(f"/console/cases/{number}")
    address = f"/console/cases/{number}/{verb}"
    return await house.client.post(address, data={"csrf": csrf, **fields}, allow_redirects=False)


async def test_a_verb_is_shown_by_a_get_so_that_a_reload_does_nothing_again(house: House) -> None:
    number = (await house.report(STUCK))["case"]
    answer = await do(house, number, "claim")
    assert (answer.status, answer.headers["Location"]) == (303, f"/console/cases/{number}?done=claim")
    shown = await (await house.client.get(answer.headers["Location"])).text()
    assert "The case is yours." in shown or "Ärendet är ditt." in shown


async def test_a_verb_without_the_pages_token_is_refused(house: House) -> None:
    number = (await house.report(STUCK))["case"]
    for data in ({}, {"csrf": "made up"}):
        answer = await house.client.post(f"/console/cases/{number}/claim", data=data, allow_redirects=False)
        assert answer.status == 403
    answer = await house.client.get(f"/console/cases/{number}/claim", allow_redirects=False)
    assert answer.status == 405
    assert (await house.case(number))["assignee"] is None


async def test_who_comes_second_is_told_who_was_first_and_keeps_what_was_typed(house: House) -> None:
    number = (await house.report(STUCK, **{"from": {"email": "m@example.com"}}))["case"]
    await house.api("POST", f"/cases/{number}/claim", {"as": "a02"})
    answer = await do(house, number, "hand_over", to="billing", reason="It is about <money>")
    page = await answer.text()
    assert answer.status == 409
    assert "Agent 02" in page
    assert "It is about &lt;money&gt;" in page


@pytest.mark.parametrize(
    ("verb", "fields", "named"),
    [
        ("conclude", {"disposition": "explained", "text": " "}, "conclude-text-error"),
        ("conclude", {"disposition": "sunshine", "text": "ok"}, "conclude"),
        ("wait", {"until": "tomorrow", "reason": "parts"}, "wait"),
        ("wait", {"until": "2001-01-01T08:00", "reason": "parts"}, "wait"),
        ("hand_over", {"to": "nowhere", "reason": "x"}, "hand_over"),
        ("correct", {"charger": "99999999", "reason": "typo"}, "correct"),
        ("reply", {"text": "Hello", "channel": "email"}, "reply"),
    ],
)
async def test_what_does_not_fit_is_named_and_changes_nothing(
    house: House, verb: str, fields: dict[str, str], named: str
) -> None:
    number = (await house.report(STUCK))["case"]
    before = await house.case(number)
    answer = await do(house, number, verb, **fields)
    page = await answer.text()
    assert answer.status == 422
    assert 'role="alert"' in page
    assert f'id="act-{verb}" value="{verb}" checked' in page
    assert named in page
    assert await house.case(number) == before


async def test_numbers_and_verbs_that_do_not_exist_are_not_found(house: House) -> None:
    number = (await house.report(STUCK))["case"]
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    for path in (f"/console/cases/{wrong}", "/console/cases/1-1-1", "/console/attachments/1", "/console/nothing"):
        assert (await house.client.get(path)).status == 404, path
    assert (await do(house, number, "destroy")).status == 404


async def test_odd_addresses_of_lists_show_a_list(house: House) -> None:
    await house.report(STUCK)
    for query in ("view=x", "queue=x", "offset=-1", "offset=9999999999999", "q=%00", "q=%25%5F%27", "q=" + "a" * 900):
        assert (await house.client.get(f"/console?{query}")).status == 200, query
    page = await (await house.client.get("/console?queue=helpdesk")).text()
    assert "22809" in page
    assert "22809" not in await (await house.client.get("/console?view=mine")).text()


async def test_words_of_customers_stay_words(house: House) -> None:
    evil = "<script>alert(1)</script> <img src=x onerror=alert(1)> {{ 7*7 }}"
    receipt = await house.report(evil, subject=evil, **{"from": {"name": evil, "email": "e@example.com"}})
    for path in (f"/console/cases/{receipt['case']}", "/console", "/console?q=script"):
        answer = await house.client.get(path)
        page = await answer.text()
        assert "<script>alert" not in page
        assert "<img" not in page
        assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]


async def test_what_a_mail_sends_on_is_read_at_once_and_not_as_its_senders_words(house: House) -> None:
    mail = (
        b"From: karin@brf.example\r\nTo: support@support.example\r\nSubject: VB: Laddaren\r\n\r\nFYI\r\n\r\n"
        b"Fr\xe5n: olle@drivers.example\r\nSkickat: den 28 november 2026 04:50\r\nTill: Karin\r\n\xc4mne: Laddaren\r\n"
        b"\r\nDet luktar br\xe4nt fr\xe5n laddare 21007.\r\n"
    )
    receipt = await house.runtime.intake.accept(read(mail, house.runtime.clock.now(), domains={"support.example"}))
    assert receipt.priority == "P1"
    page = await (await house.client.get(f"/console/cases/{receipt.case}")).text()
    assert '<div class="text">FYI</div>' in page
    sent_on = page.partition("<details open><summary>Skickas vidare i mejlet</summary>")[2].partition("</details>")[0]
    assert "Det luktar bränt från laddare 21007." in sent_on
    assert "FYI" not in sent_on


async def test_b59_markup_in_any_field_of_a_mail_stays_text(house: House) -> None:
    evil, now = "<svg/onload=alert(1)>", house.runtime.clock.now()
    files = (Attachment(evil, "image/png", b"x"), Attachment(evil, "text/plain", b"x", quarantined=evil))
    sender = Sender(name=evil, email=f"{evil}@a.example", phone=evil)
    said = Report(Channel.EMAIL, "m", now, f"{STUCK} {evil}", sender, evil, f"{evil}@b.example", (f"{evil}@c.example",))
    receipt = await house.runtime.intake.accept(
        replace(
            said,
            full_text=f"{evil} {evil}",
            own_words=f"{STUCK} {evil} on {evil}",
            attachments=files,
            message_id=evil,
            quarantined=evil,
        )
    )
    for path in (f"/console/cases/{receipt.case}", "/console", "/console?q=22809"):
        page = await (await house.client.get(path)).text()
        assert "&lt;svg/onload" in page, path
        assert evil not in page, path


async def test_b58_b60_b61_b63_files_of_strangers_are_taken_along_and_never_run(house: House) -> None:
    files = (
        Attachment("photo.png", "image/png", b"\x89PNG\r\n\x1a\n"),
        Attachment("page.html", "text/html", b"<script>alert(1)</script>"),
        Attachment('räk"ning\r\nX: y.svg', "image/svg+xml", b"<svg onload='alert(1)'/>"),
        Attachment("bill.exe", "application/x-msdownload", b"MZ", quarantined="program"),
    )
    receipt, ids = await with_files(house, files)
    answers = [await house.client.get(f"/console/attachments/{one}") for one in ids]
    assert [answer.status for answer in answers] == [200, 200, 200, 404]
    page = await (await house.client.get(f"/console/cases/{receipt.case}")).text()
    assert "Den kan vara farlig: program." in page
    csrf = await house.csrf(f"/console/cases/{receipt.case}")
    answers[3] = await house.client.post(f"/console/attachments/{ids[3]}", data={"csrf": csrf})
    for answer in answers:
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    drawn = [await house.client.get(f"/console/attachments/{one}/picture") for one in ids]
    assert [answer.status for answer in drawn] == [404] * 4


async def test_b62_a_picture_is_drawn_anew_without_its_place(house: House) -> None:
    photo = Image.effect_noise((2000, 1000), 40).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "Maker of phones"
    exif[0x0112] = 6  # turned a quarter
    exif.get_ifd(0x8825)[2] = (59.0, 20.0, 4.0)
    out = io.BytesIO()
    photo.save(out, "JPEG", exif=exif)
    assert b"Maker of phones" in out.getvalue()
    _, ids = await with_files(house, (Attachment("photo.jpg", "image/jpeg", out.getvalue()),))
    for query, size in (("", (160, 320)), ("?large", (800, 1600)), ("", (160, 320))):
        answer = await house.client.get(f"/console/attachments/{ids[0]}/picture{query}")
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        with Image.open(io.BytesIO(await answer.read())) as drawn:
            assert drawn.size == size
            assert not drawn.getexif()
    kept = await house.runtime.db.rows("SELECT width FROM pictures ORDER BY width")
    assert [row["width"] for row in kept] == [320, 1600]


async def test_b61_a_picture_too_large_to_draw_is_a_file(house: House) -> None:
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 100_000, 100_000, 8, 2, 0, 0, 0)
    bomb = header + struct.pack(">I", zlib.crc32(header[12:]))
    _, ids = await with_files(house, (Attachment("large.png", "image/png", bomb),))
    assert (await house.client.get(f"/console/attachments/{ids[0]}/picture")).status == 404
    assert (await house.client.get(f"/console/attachments/{ids[0]}")).status == 200


async def test_b61_only_pictures_of_known_kinds_and_of_forty_million_points_at_most_are_drawn(house: House) -> None:
    drawn = {("PNG", 8000, 5000): 200, ("PNG", 8000, 5001): 404, ("GIF", 80, 50): 200, ("BMP", 80, 50): 404}
    files = []
    for kind, width, height in drawn:
        out = io.BytesIO()
        Image.new("1", (width, height), 1).save(out, kind)
        files.append(Attachment(f"{kind}.png", "image/png", out.getvalue()))
    _, ids = await with_files(house, tuple(files))
    answers = [await house.client.get(f"/console/attachments/{one}/picture") for one in ids]
    assert [answer.status for answer in answers] == list(drawn.values())


async def test_b58_a_mail_is_shown_in_a_frame_and_loads_nothing_until_asked(house: House) -> None:
    source = (
        "<html><body><p onclick=x()>Laddaren 22809 står still.</p><script>alert(1)</script>"
        '<img src="https://tracker.example/pixel.gif"><form action="https://evil.example"><input></form></body></html>'
    )
    runtime = house.runtime
    report = Report(Channel.EMAIL, "h", runtime.clock.now(), STUCK, Sender(email="m@example.com"), html=source)
    receipt = await runtime.intake.accept(report)
    page = await (await house.client.get(f"/console/cases/{receipt.case}")).text()
    assert f'<iframe name="mail-{receipt.report}" src="/console/reports/{receipt.report}/html" sandbox="' in page
    assert "allow-scripts" not in page
    assert "allow-same-origin" not in page
    for query, loads in (("", False), ("?pictures", True)):
        answer = await house.client.get(f"/console/reports/{receipt.report}/html{query}")
        shown, policy = await answer.text(), answer.headers["Content-Security-Policy"]
        assert "Laddaren 22809" in shown
        assert not any(word in shown for word in ("onclick", "<script", "<form", "<input"))
        assert ("tracker.example" in shown) is loads
        assert ("img-src https:" in policy) is loads
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert "sandbox allow-popups allow-popups-to-escape-sandbox" in answer.headers["Content-Security-Policy"]
    assert (await house.client.get("/console/reports/999999/html")).status == 404


async def test_a_case_shows_who_else_a_mail_went_to(house: House) -> None:
    raw = (
        "From: Anna <anna@example.com>\r\nTo: Support <support@support.example>\r\n"
        "Cc: Ordf <ordf@brf.example>, elfirman@example.org\r\nSubject: Trasig\r\n\r\nLaddare 22809 startar inte.\r\n"
    )
    heard = read(raw.encode(), house.runtime.clock.now(), domains=("support.example",))
    receipt = await house.runtime.intake.accept(heard)
    for language, said in (("sv", "Kopior till"), ("en", "Copies to")):
        house.client.session.cookie_jar.update_cookies({"language": language})
        page = await (await house.client.get(f"/console/cases/{receipt.case}")).text()
        assert f"{said} ordf@brf.example, elfirman@example.org</p>" in page


@pytest.mark.parametrize("vouched", [True, False])
async def test_b42_a_case_says_whether_the_sender_of_a_mail_is_verified(house: House, vouched: bool) -> None:
    raw = (
        b"Authentication-Results: mx.support.example; dmarc=pass header.from=example.com\r\n"
        b"From: Anna <anna@example.com>\r\nSubject: Trasig\r\n\r\nLaddare 22809 startar inte.\r\n"
    )
    trusted = ("support.example",) if vouched else ()
    receipt = await house.runtime.intake.accept(read(raw, house.runtime.clock.now(), trusted_authserv=trusted))
    words = {"sv": ("avsändaren är inte styrkt", "avsändaren styrkt"), "en": ("sender not verified", "sender verified")}
    for language, said in words.items():
        house.client.session.cookie_jar.update_cookies({"language": language})
        page = await (await house.client.get(f"/console/cases/{receipt.case}")).text()
        assert [one in page for one in said] == [not vouched, vouched]


async def test_an_agent_may_answer_all_who_got_a_mail_and_is_not_led_to(house: House) -> None:
    raw = "From: anna@example.com\r\nCc: ordf@brf.example\r\nSubject: Trasig\r\n\r\nLaddare 22809 startar inte.\r\n"
    receipt = await house.runtime.intake.accept(read(raw.encode(), house.runtime.clock.now()))
    page = await (await house.client.get(f"/console/cases/{receipt.case}")).text()
    assert '<input type="checkbox" name="everybody" value="1"><span>' in page
    token = CSRF.search(page)
    assert token
    for chosen in ({"everybody": "1"}, {}):
        form = FormData({"csrf": token[1], "text": "Vi kommer.", **chosen}, default_to_multipart=True)
        answer = await house.client.post(f"/console/cases/{receipt.case}/reply", data=form, allow_redirects=False)
        assert answer.status == 303
    query = "SELECT c.data -> 'copies' AS copies FROM message_contents c ORDER BY c.message_id DESC LIMIT 2"
    rows = await house.runtime.db.rows(query)
    assert [row["copies"] for row in rows] == [None, ["ordf@brf.example"]]


async def test_a_mail_nested_too_deep_is_shown_as_its_text_and_the_agent_told_why(house: House) -> None:
    runtime, source = house.runtime, "<blockquote>" * 80_000
    words = "Laddaren 22809 står still. <b>Skynda</b>"
    report = Report(Channel.EMAIL, "d", runtime.clock.now(), words, Sender(email="m@example.com"), html=source)
    receipt = await runtime.intake.accept(report)
    for language, why in (("sv", "Mejlet är för djupt nästlat"), ("en", "This mail is nested too deep")):
        house.client.session.cookie_jar.update_cookies({"language": language})
        answer = await house.client.get(f"/console/reports/{receipt.report}/html")
        shown, policy = await answer.text(), answer.headers["Content-Security-Policy"]
        assert answer.status == 200
        assert why in shown
        assert "Laddaren 22809 står still. &lt;b&gt;Skynda&lt;/b&gt;" in shown
        assert "<blockquote>" not in shown
        assert "sandbox" in policy


async def with_files(house: House, files: tuple[Attachment, ...]) -> tuple[Receipt, list[int]]:
    runtime = house.runtime
    report = Report(Channel.EMAIL, "k", runtime.clock.now(), STUCK, Sender(email="m@example.com"), attachments=files)
    receipt = await runtime.intake.accept(report)
    return receipt, [row["id"] for row in await runtime.db.rows("SELECT id FROM report_attachments ORDER BY id")]


async def test_an_agent_answers_with_files(house: House) -> None:
    receipt = await house.runtime.intake.accept(
        Report(Channel.EMAIL, "f", house.runtime.clock.now(), STUCK, Sender(email="m@example.com"))
    )
    page = await (await house.client.get(f"/console/cases/{receipt.case}")).text()
    action = re.search(r'action="(/console/cases/[^"]+/reply)"', page)
    csrf = await house.csrf(f"/console/cases/{receipt.case}")
    assert action
    for content, status in ((b"", 422), (b"%PDF-1.7", 303)):
        form = FormData({"csrf": csrf, "text": "Se bilagan.", "channel": "email"})
        form.add_field("files", content, filename="manual.pdf", content_type="application/pdf")
        answer = await house.client.post(unescape(action[1]), data=form, allow_redirects=False)
        assert answer.status == status, await answer.text()
        assert csrf not in str(answer.url), "what a page refuses stands in the address bar"
    rows = await house.runtime.db.rows("SELECT name, media_type, size FROM message_attachments")
    assert [tuple(row.values()) for row in rows] == [("manual.pdf", "application/pdf", 8)]
    assert "manual.pdf" in await (await house.client.get(f"/console/cases/{receipt.case}")).text()


@pytest.mark.parametrize(
    ("sender", "flags", "told"),
    [("kollega@example.com", (), True), ("kollega@example.com", (FORGED,), False), ("annan@example.com", (), False)],
)
async def test_a_case_is_told_that_somebody_in_copy_wrote_about_it_in_another(
    house: House, sender: str, flags: tuple[str, ...], told: bool
) -> None:
    runtime = house.runtime
    first = Report(
        Channel.EMAIL, "k1", runtime.clock.now(), STUCK, Sender(email="m@example.com"), copies=("kollega@example.com",)
    )
    case = (await runtime.intake.accept(first)).case
    answer = Report(
        Channel.EMAIL,
        "k2",
        runtime.clock.now(),
        "Ni behöver inte komma i dag.",
        Sender(email=sender),
        subject=f"Ärende {case}",
        thread=Thread(subject=case),
        flags=flags,
    )
    other = (await runtime.intake.accept(answer)).case
    assert other != case
    page = unescape(await (await house.client.get(f"/console/cases/{case}")).text())
    told_by = re.search(r"En anmälan som hänvisar till det här ärendet ligger i ett eget[^\n]{0,200}" + other, page)
    assert (told_by is not None) is told


async def test_files_that_are_too_much_together_are_said_to_be(house: House) -> None:
    receipt = await house.runtime.intake.accept(
        Report(Channel.EMAIL, "f", house.runtime.clock.now(), STUCK, Sender(email="m@example.com"))
    )
    form = FormData({"csrf": await house.csrf("/console"), "text": "Se bilagorna.", "channel": "email"})
    for n in range(3):
        form.add_field("files", io.BytesIO(b"%PDF-1.7" + bytes(8 << 20)), filename=f"{n}.pdf")
    answer = await house.client.post(f"/console/cases/{receipt.case}/reply", data=form, allow_redirects=False)
    page = await answer.text()
    assert answer.status == 422
    assert "Tillsammans är filerna större än 20 MB. Välj färre eller mindre." in page
    assert "Se bilagorna." in page
    assert not await house.runtime.db.rows("SELECT 1 FROM message_attachments")


PAGES = ("/console/cases/{case}", "/managers/master")


async def test_the_token_of_a_form_with_files_stands_in_the_form_and_in_no_address(house: House) -> None:
    await house.hire("a01", PASSWORD, "manager")
    await house.log_in(EMAIL, PASSWORD)
    case = (await house.report(STUCK))["case"]
    csrf = await house.csrf("/console")
    for path in PAGES:
        page = await (await house.client.get(path.format(case=case))).text()
        forms = re.findall(r'<form[^>]+multipart/form-data[^>]+>\s*<input type="hidden" name="csrf"', page)
        assert len(forms) == len(re.findall(r"<form[^>]+multipart/form-data", page)) > 0, "before the first file"
        assert not re.findall(r'(?:action|hx-post|href)="[^"]*csrf', page), path
    path = f"/console/documents/cases/{case}"
    for fields, asked, status in (
        ([("csrf", csrf)], "", 303),
        ([], f"?csrf={csrf}", 403),
        ([("csrf", "made up")], f"?csrf={csrf}", 403),
        ([], "", 403),
    ):
        form = FormData(fields, default_to_multipart=True)
        form.add_field("files", io.BytesIO(b"log"), filename="K1.log")
        answer = await house.client.post(path + asked, data=form, allow_redirects=False)
        assert answer.status == status, (fields, asked)
    late = FormData(default_to_multipart=True)
    late.add_field("files", io.BytesIO(b"log" * (1 << 20)), filename="K1.log")
    late.add_field("csrf", csrf)
    assert (await house.client.post(path, data=late, allow_redirects=False)).status == 403, "files are not read for it"


async def heard(stream: ClientResponse, *names: str) -> None:
    """Until the stream has told these events."""
    wanted = {f"event: {name}" for name in names}
    async with asyncio.timeout(PATIENCE):
        while wanted:
            line = await stream.content.readline()
            assert line, "the stream ended"
            wanted.discard(line.decode().strip())


async def test_a_stream_tells_that_a_case_changed_and_nothing_about_it(house: House) -> None:
    async with house.client.get("/console/events") as stream:
        await heard(stream, "hello")
        receipt = await house.report(STUCK)
        async with asyncio.timeout(PATIENCE):
            told = await stream.content.readuntil(b"event: case\r\n")
        assert f"event: case-{parse(receipt['case'])}".encode() in told
        assert b"22809" not in told
        assert b"stuck" not in told


async def test_a_stream_ends_within_seconds_when_its_agent_logs_out(house: House) -> None:
    async with house.client.get("/console/events") as stream:
        await heard(stream, "hello")
        await house.client.post("/logout", data={"csrf": await house.csrf("/console")}, allow_redirects=False)
        async with asyncio.timeout(PATIENCE):
            await stream.content.read()
    assert (await house.client.get("/console/events", allow_redirects=False)).status in (303, 401)


async def test_without_redis_the_stream_says_look_again(house: House, tmp_path: Path) -> None:
    config = house.runtime.config.model_copy(update={"redis_url": None, "data_dir": tmp_path / "other"})
    async with open_house(config) as alone:
        await alone.log_in(EMAIL, PASSWORD)
        async with alone.client.get("/console/events") as stream:
            await heard(stream, "hello", "refresh")


async def test_settings_are_kept_and_nobody_is_led_astray(house: House) -> None:
    fields = {"csrf": await house.csrf("/console"), "language": "en", "theme": "dark", "activity": "busy"}
    for back, to in (("/console?view=mine", "/console?view=mine"), ("https://evil.example", "/console")):
        answer = await house.client.post("/console/settings", data={**fields, "back": back}, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, to)
    row = await house.runtime.db.row("SELECT language, theme, activity FROM agents WHERE id = 'a01'")
    assert row == {"language": "en", "theme": "dark", "activity": "busy"}
    bad = {**fields, "language": "xx", "theme": "pink", "activity": "asleep"}
    assert (await house.client.post("/console/settings", data=bad, allow_redirects=False)).status == 303
    assert await house.runtime.db.row("SELECT language, theme, activity FROM agents WHERE id = 'a01'") == row


async def test_only_those_who_lead_see_the_managers_page(house: House) -> None:
    assert (await house.client.get("/managers")).status == 403
    await house.hire("a01", role="manager")
    for period in ("day", "week", "month", "century"):
        assert (await house.client.get(f"/managers?period={period}")).status == 200
    assert "IMAP_URLS" in await (await house.client.get("/managers/accounts")).text()
    await house.runtime.db.run(
        "INSERT INTO mailbox_cursors (mailbox, uidvalidity, uid, moved_at, account, accounted_at) VALUES"
        " ('a@imap.example/INBOX', 1, 1, %(now)s, NULL, NULL),"
        " ('b@imap.example/INBOX', 1, 9, %(now)s, %(drawn)s, %(now)s)",
        {"now": house.runtime.clock.now(), "drawn": Jsonb(asdict(Reconciliation("b", 5, 1, 6, 3, 1, 1, 0, 0)))},
    )
    shown = await (await house.client.get("/managers/accounts")).text()
    assert "b@imap.example/INBOX" in shown
    assert "går inte ihop" in shown


async def test_b69_what_a_stranger_has_sent_to_a_reply_address_is_on_no_public_page(house: House) -> None:
    secret = "Your confirmation code is 481-516"
    runtime = house.runtime
    first = await runtime.intake.accept(
        Report(Channel.EMAIL, "t", runtime.clock.now(), STUCK, Sender(email="m@example.com"))
    )
    token = reply_token(runtime.config.secret_keys, parse(first.case) or 0)
    raw = f"From: no-reply@chat.example\r\nTo: support+{token}@support.example\r\nSubject: {secret}\r\n\r\n{secret}\r\n"
    receipt = await runtime.intake.accept(read(raw.encode(), runtime.clock.now(), domains=("support.example",)))
    assert receipt.case == first.case
    for one in (first, receipt):
        for page in ("", "/receipt"):
            answer = await house.client.get(f"/s/{one.token}{page}")
            assert answer.status == 200
            assert "481-516" not in await answer.text()


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [("de-DE,de;q=0.9,en;q=0.5", "de"), ("nb-NO", "no"), ("fr,en;q=0.3", "en"), ("", "sv"), ("x;q=y,,;", "en")],
)
async def test_the_help_center_speaks_the_browsers_language(house: House, wanted: str, shown: str) -> None:
    headers = {"Accept-Language": wanted} if wanted else {}
    answer = await house.client.get("/", headers=headers)
    assert answer.headers["Content-Language"] == shown
    chosen = await house.client.get("/?language=fi", headers=headers)
    assert chosen.headers["Content-Language"] == "fi"
    assert (await house.client.get("/report", headers=headers)).headers["Content-Language"] == "fi"


async def test_static_files_are_kept_for_ever_under_their_version_and_nothing_else_is_served(house: House) -> None:
    page = await (await house.client.get("/")).text()
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    style = await house.client.get(address)
    assert style.status == 200
    assert "immutable" in style.headers["Cache-Control"]
    assert len(await style.read()) < 40_000
    for path in ("/static/../pages.py", "/static/%2e%2e/pages.py", "/static/templates/base.html", "/static/x.css"):
        assert (await house.client.get(path)).status == 404


async def test_what_is_offered_stands_on_every_page_and_is_taken_or_declined(house: House) -> None:
    runtime = house.runtime
    numbers = [(await house.report(f"The charger 2{n}007 does not start at all"))["case"] for n in (1, 1)]
    await set_activity(runtime, "a01", "available")
    await dispatch.sweep(runtime)
    page = await (await house.client.get("/console")).text()
    offer = re.search(r"/console/offers/(\d+)/decline", page)
    assert offer
    csrf = await house.csrf("/console")
    for path in (f"/console/offers/{offer[1]}/decline", f"/console/offers/{offer[1]}/accept"):
        answer = await house.client.post(path, data={"csrf": csrf}, allow_redirects=False)
        assert answer.status == 303
    assert answer.headers["Location"] == "/console?done=gone"
    assert (await house.client.post("/console/offers/999/accept", data={"csrf": csrf})).status == 404
    await runtime.db.run("DELETE FROM offers")
    await dispatch.sweep(runtime)
    page = await (await house.client.get(f"/console/cases/{numbers[0]}")).text()
    offer = re.search(r"/console/offers/(\d+)/accept", page)
    assert offer
    answer = await house.client.post(offer[0], data={"csrf": csrf}, allow_redirects=False)
    number = answer.headers["Location"].split("/")[-1].split("?")[0]
    assert (await house.case(number))["assignee"] == "a01"


async def test_a_case_opened_by_hand_is_judged_and_the_agents_own_once(house: House) -> None:
    page = await (await house.client.get("/console/new?phone=%2B46701740001")).text()
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    assert "+46701740001" in page
    fields = {"csrf": await house.csrf("/console/new"), "key": key[1], "text": STUCK, "phone": "070-174 00 01"}
    assert (await house.client.post("/console/new", data={**fields, "text": " "})).status == 422
    answers = [await house.client.post("/console/new", data=fields, allow_redirects=False) for _ in range(2)]
    assert {answer.headers["Location"].split("?")[0] for answer in answers} == {
        answers[0].headers["Location"].split("?")[0]
    }
    (case,) = await house.cases()
    assert (case["assignee"], case["category"], case["charger"], case["channels"]) == (
        "a01",
        "cable_stuck",
        "22809",
        ["phone"],
    )


async def test_reports_are_brought_together_taken_out_and_brought_back(house: House) -> None:
    first, second = (await house.report(STUCK))["case"], (await house.report("The invoice for May is wrong"))["case"]
    assert (await do(house, first, "attach", case="77")).status == 422
    assert (await do(house, first, "attach", case=second)).headers["Location"].endswith("?done=attach")
    page = await (await house.client.get(f"/console/cases/{first}")).text()
    reports = [row["id"] for row in (await house.case(first))["reports"]]
    assert page.count("/detach") == 2 == len(reports)
    assert (await do(house, first, "split")).status == 422
    answer = await do(house, first, "split", report=str(reports[0]))
    third = answer.headers["Location"].split("/")[-1].split("?")[0]
    assert [row["id"] for row in (await house.case(third))["reports"]] == reports[:1]
    page = await (await house.client.get(f"/console/cases/{first}")).text()
    assert "/fetch" in page
    assert (await do(house, first, "fetch", report=str(reports[0]))).status == 303
    await do(house, first, "detach", report=str(reports[1]))
    assert (await house.case(second))["status"] == "open"


async def test_a_charger_says_how_it_is_and_does_what_it_is_asked(house: House) -> None:
    number = (await house.report(STUCK))["case"]
    page = await (await house.client.get(f"/console/cases/{number}/charger")).text()
    assert 'id="charger-now"' in page
    answer = await do(house, number, "restart")
    assert "done=restart&answer=" in answer.headers["Location"]
    page = await (await house.client.get(answer.headers["Location"])).text()
    assert "openstreetmap.org" in page
    await do(house, number, "correct", category="safety", priority="P1", reason="smoke")
    assert (await do(house, number, "unlock", connector="1")).status == 422


async def test_n9_a_case_tells_what_it_may_be_and_which_words_led_there(house: House) -> None:
    number = (await house.report(STUCK))["case"]
    for language, headline, because in (
        ("en", "What it may be", "Because they say:"),
        ("sv", "Vad det kan vara", "För att de säger:"),
    ):
        shown = await (await house.client.get(f"/console/cases/{number}", cookies={"language": language})).text()
        card = shown.partition('id="supposed"')[2].partition("</section>")[0]
        assert headline in card
        assert card.index("ConnectorLockFailure") < card.index("CX025")
        assert because in card
        assert "cable is stuck" in card
    assert "analyse-fault_code-hint" not in shown, "the 1st line analyses nothing"
    await do(house, number, "claim")
    await do(house, number, "escalate", reason="It stays stuck")
    shown = await (await house.client.get(f"/console/cases/{number}")).text()
    hint = shown.partition('id="analyse-fault_code-hint"')[2].partition("</p>")[0]
    assert "ConnectorLockFailure, CX025" in hint
    options = re.findall(r'<option value="(\w+)">', shown.partition('id="fault-codes"')[2].partition("</datalist>")[0])
    assert options[:2] == ["ConnectorLockFailure", "CX025"]
    assert len(options) == len(set(options)) == len(house.runtime.rules().alarms.codes)


async def test_n9_a_cable_that_is_cut_is_not_put_under_voltage_from_afar(house: House) -> None:
    number = (await house.report("Somebody has cut the cable off at charger 22809", charger="22809"))["case"]
    case = await house.case(number)
    assert (case["category"], case["charger"]) == ("damage", "22809")
    shown = await (await house.client.get(f"/console/cases/{number}", cookies={"language": "en"})).text()
    card = shown.partition('id="supposed"')[2].partition("</section>")[0]
    assert "CX026" in card
    assert "nothing is restarted or unlocked from afar" in card
    assert f"/console/cases/{number}/restart" not in shown
    assert f"/console/cases/{number}/unlock" not in shown
    assert 'value="enable"' not in shown
    assert 'value="disable"' in shown
    assert (await do(house, number, "restart")).status == 422
    assert (await do(house, number, "remote", act="disable")).status == 303
    acts = (await house.api("GET", f"/cases/{number}/charger"))[1]["acts"]
    assert not {"restart", "unlock", "enable"} & set(acts)
    assert "stop" in acts


async def test_lists_are_kept_and_who_looks_at_the_same_case_is_named(house: House) -> None:
    number = (await house.report(STUCK))["case"]
    csrf = await house.csrf("/console")
    kept = {"csrf": csrf, "name": "Stuck <b>", "query": "category=cable_stuck&done=x&view=all", "shared": "1"}
    answer = await house.client.post("/console/views", data=kept, allow_redirects=False)
    assert answer.headers["Location"] == "/console?category=cable_stuck&view=all"
    page = await (await house.client.get("/console?category=cable_stuck")).text()
    assert number in page
    assert "Stuck &lt;b&gt;" in page
    assert number not in await (await house.client.get("/console?category=payment&priority=P4&line=1")).text()
    row = await house.runtime.db.row("SELECT id, shared FROM saved_views")
    assert row
    assert not row["shared"]
    await house.client.post(f"/console/views/{row['id']}/remove", data={"csrf": csrf})
    assert "Stuck" not in await (await house.client.get("/console")).text()
    now = house.runtime.clock.now().timestamp()
    assert await house.runtime.live.looking(f"case:{parse(number)}", "a02", now, 30) == set()
    await do(house, number, "note", text="@a01 look at this")
    assert "view=called" in await (await house.client.get("/console")).text()
    answer = await house.client.post(f"/console/look/{number}", data={"csrf": csrf})
    assert "Agent 02" in await answer.text()


async def test_a_case_goes_by_the_forms_through_three_lines_to_a_service_card(house: House) -> None:
    sender = {"from": {"name": "Mette", "email": "m@example.com", "phone": "+46701740001"}}
    number = (await house.report(STUCK, **sender))["case"]
    await house.hire("a01", role="lead")
    runtime = house.runtime
    await runtime.db.run("UPDATE agents SET line = 3 WHERE id = 'a01'")
    assert (await do(house, number, "escalate", reason="The lock is stuck")).status == 303
    assert (await do(house, number, "escalate", reason="Needs a part")).status == 422
    assert (await do(house, number, "send_back", reason="Try a restart first")).status == 303
    assert (await do(house, number, "escalate", reason="Restarted, no help")).status == 303
    found = {"component": "lock", "fault_code": "CX001", "cause": "The latch is worn", "evidence": "Tried ten times"}
    for lacking in ({"component": ""}, {"fault_code": "CX999"}, {"cause": " "}, {"reproduced": ""}):
        kept = await do(house, number, "analyse", **{**found, "reproduced": "yes", **lacking})
        assert kept.status == 422
        assert "Tried ten times" in await kept.text(), "nothing that was written is lost"
    assert (await do(house, number, "analyse", **found, reproduced="yes")).status == 303
    page = await (await house.client.get(f"/console/cases/{number}")).text()
    assert '<textarea id="proposal-fault"' in page
    assert "<li>orden berättar om: Kabeln sitter fast</li>" in page, "weights are for the API"
    assert re.search(r"Cable is stuck \(\d+\.\d\)", str((await house.case(number))["reasons"]["category"]))
    assert "The latch is worn</textarea>" in page, "the proposal begins with what was found"
    assert "lämnade en felanalys: Kontaktens lås" in page
    proposal = {f"proposal.{name}": f"the {name}" for name in ("fault", "parts", "tools", "access", "safety")}
    assert (await do(house, number, "escalate", reason="Needs a part", **proposal)).status == 303
    page = await (await house.client.get(f"/console/cases/{number}")).text()
    assert "the safety" in page
    assert "Tried ten times</dd>" in page
    assert 'id="act-visit"' in page
    assert (await do(house, number, "plan_visit", from1="soon", until1="later", agent="a01")).status == 422
    times = {"from1": "2036-05-05T08:00", "until1": "2036-05-05T10:00", "agent": "a01"}
    assert (await do(house, number, "plan_visit", **times)).status == 303
    assert (await do(house, number, "perform_visit", work="New latch")).status == 422
    assert (await do(house, number, "book_visit", time="1")).status == 303
    done = await do(house, number, "perform_visit", work="New latch fitted", parts="Latch", verified="1")
    assert done.status == 303
    shown = await (await house.client.get(done.headers["Location"])).text()
    assert "New latch fitted" in shown
    concluded = await do(house, number, "conclude", disposition="solved_on_site", text="New latch fitted")
    assert concluded.status == 303
    await house.api("POST", f"/cases/{number}/confirm", {"as": "a01", "solved": True})
    case = await house.case(number)
    assert (case["status"], case["line"]) == ("closed", 3)


async def test_what_the_maker_tells_is_linked_and_taken_away(house: House) -> None:
    number = (await house.report("Laddaren startar inte", charger="21007"))["case"]
    refused = await do(house, number, "refer", title="Felkoder", url="ftp://maker.example")
    assert refused.status == 422
    assert "börjar med https://" in await refused.text()
    kept = await do(house, number, "refer", title="Felkoder <b>", url="https://maker.example/codes?a=1&b=2")
    page = await (await house.client.get(kept.headers["Location"])).text()
    link = (
        '<a href="https://maker.example/codes?a=1&amp;b=2" target="_blank" rel="noreferrer noopener">Felkoder &lt;b&gt;'
    )
    assert link in page
    reference = re.search(r'name="reference" value="(\d+)"', page)
    assert reference
    gone = await do(house, number, "unrefer", reference=reference[1])
    assert "Felkoder" not in await (await house.client.get(gone.headers["Location"])).text()


async def test_b93_a_correction_over_a_newer_one_is_409_and_both_are_kept(house: House) -> None:
    number = (await house.report(STUCK))["case"]
    page = await (await house.client.get(f"/console/cases/{number}")).text()
    seen = {f"seen.{name}": value for name, value in re.findall(r'name="seen\.(\w+)" value="([^"]*)"', page)}
    was = await house.case(number)
    assert seen["seen.priority"] == was["priority"] == "P2"
    body = {"as": "a02", "priority": "P3", "reason": "The driver has left"}
    assert (await house.api("POST", f"/cases/{number}/correct", body))[0] == 200
    mine = {**seen, "category": "damage", "priority": "P4", "reason": "Not as bad as it sounds"}
    late = await do(house, number, "correct", **mine)
    assert late.status == 409
    page = await late.text()
    assert "Någon annan har ändrat det här under tiden." in page
    assert "Not as bad as it sounds" in page
    assert '<option value="P4" selected>' in page
    assert 'name="seen.priority" value="P3"' in page
    kept = await house.case(number)
    assert (kept["priority"], kept["category"]) == ("P3", was["category"])
    only = {**seen, "category": "damage", "priority": "P2", "reason": "The lock is broken"}
    assert (await do(house, number, "correct", **only)).status == 303
    kept = await house.case(number)
    assert (kept["priority"], kept["category"]) == ("P3", "damage"), "what was not touched stays as it is now"


async def test_b97_nothing_of_the_house_speaks_websocket(house: House) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    for path in ("/", "/console", "/healthz", "/api/v1/openapi.json"):
        async with house.client.get(path, headers=upgrade) as answer:
            assert answer.status != 101, path


async def test_files_lie_beside_a_case_for_those_who_may_see_it(house: House) -> None:
    number = (await house.report(STUCK))["case"]
    csrf = await house.csrf("/console")
    form = FormData({"csrf": csrf}, default_to_multipart=True)
    form.add_field("files", io.BytesIO(b"log of the charger"), filename="../K1.log", content_type="text/plain")
    form.add_field("files", io.BytesIO(b"%PDF manual"), filename="manual.pdf", content_type="application/pdf")
    path = f"/console/documents/cases/{number}"
    kept = await house.client.post(path, data=form, allow_redirects=False)
    assert kept.headers["Location"] == f"/console/cases/{number}?done=document"
    page = await (await house.client.get(kept.headers["Location"])).text()
    assert "Filerna ligger vid ärendet." in page
    assert "K1.log" in page
    links = re.findall(r'href="(/console/documents/\d+)"', page)
    assert len(links) == 2
    file = await house.client.get(links[0])
    assert await file.read() == b"log of the charger"
    assert file.headers["Content-Type"] == "application/octet-stream"
    assert "attachment" in file.headers["Content-Disposition"]
    await do(house, number, "note", text="See https://maker.example/manual <script>alert(1)</script>")
    page = await (await house.client.get(f"/console/cases/{number}")).text()
    assert 'href="https://maker.example/manual" rel="noopener noreferrer" target="_blank"' in page
    assert "&lt;script&gt;alert(1)" in page
    await house.runtime.db.run("UPDATE agents SET queues = '{billing}' WHERE id = 'a01'")
    assert (await house.client.get(links[0])).status == 404
    assert (await house.client.post(path, data={"csrf": csrf}, allow_redirects=False)).status == 404


async def test_n13_people_are_told_apart_on_the_case_by_whoever_leads_and_is_sure(house: House) -> None:
    sender = {"from": {"phone": "+46701740301", "email": "anna@example.com"}}
    number = (await house.report(STUCK, **sender))["case"]
    page = await (await house.client.get(f"/console/cases/{number}")).text()
    assert 'id="joined"' in page
    assert "/part" not in page
    assert (await do(house, number, "part", address="anna@example.com", sure="yes")).status == 422
    await house.hire("a02", PASSWORD, "lead")
    await house.log_in("agent02@support.example", PASSWORD)
    assert (await do(house, number, "part", address="anna@example.com")).status == 422
    answer = await do(house, number, "part", address="anna@example.com", sure="yes")
    assert (answer.status, answer.headers["Location"]) == (303, f"/console/cases/{number}?done=part")
    assert 'id="joined"' not in await (await house.client.get(f"/console/cases/{number}")).text()


async def test_an_agent_who_hears_that_it_is_solved_says_so_on_the_case(house: House) -> None:
    number = (await house.report(STUCK, **{"from": {"email": "anna@example.com"}}))["case"]
    assert (await do(house, number, "confirm")).status == 422
    shown = await (await house.client.get(f"/console/cases/{number}")).text()
    assert f"/console/cases/{number}/confirm" not in shown
    assert (await do(house, number, "conclude", disposition="explained", text="Pulled straight out")).status == 303
    shown = await (await house.client.get(f"/console/cases/{number}")).text()
    assert f"/console/cases/{number}/confirm" in shown
    answer = await do(house, number, "confirm")
    assert (answer.status, answer.headers["Location"]) == (303, f"/console/cases/{number}?done=confirm")
    case = await house.case(number)
    assert case["status"] == "closed"
    (entry,) = [one for one in case["timeline"] if one["kind"] == "confirmed"]
    assert entry["actor"] == {"kind": "agent", "id": "a01"}
    shown = await (await house.client.get(answer.headers["Location"])).text()
    assert f"/console/cases/{number}/confirm" not in shown


@pytest.mark.parametrize(
    ("field", "told"), [("charger", "Ingen laddare har det numret."), ("site", "Ingen anläggning har det id:t.")]
)
async def test_what_a_correction_names_and_nobody_knows_is_said(house: House, field: str, told: str) -> None:
    number = (await house.report(STUCK))["case"]
    page = await (await do(house, number, "correct", **{field: "99999", "reason": "fel"})).text()
    assert ">okänt</p>" not in page
    assert f">{told}</p>" in page


@pytest.mark.parametrize(
    ("verb", "fields", "told"),
    [
        (
            "correct",
            {"charger": "99999", "site": "s999", "reason": "fel"},
            ["Laddare: Ingen laddare har det numret.", "Anläggning: Ingen anläggning har det id:t."],
        ),
        ("correct", {"charger": "22809", "reason": ""}, ["Varför: Får inte vara tomt."]),
        ("hand_over", {"to": "nobody", "reason": "fel"}, ["Till: "]),
        ("wait", {"until": "2001-01-01T10:00", "reason": "svar"}, ["Till: Måste ligga i framtiden."]),
        ("note", {"text": ""}, ["För kollegor; kunder ser den aldrig: Får inte vara tomt."]),
        ("conclude", {"disposition": "x", "text": "klart"}, ["Hur det slutade: "]),
    ],
)
async def test_what_is_refused_says_above_the_case_which_field_it_is_about(
    house: House, verb: str, fields: dict[str, str], told: list[str]
) -> None:
    number = (await house.report(STUCK))["case"]
    page = await (await do(house, number, verb, **fields)).text()
    (notice,) = re.findall(r'<div class="notice bad" role="alert">.*?</div></div>', page, re.DOTALL)
    assert [one for one in told if one not in unescape(notice)] == [], notice


def described(page: str) -> dict[str, list[str]]:
    """By the id of what is wrong, what it is bound to: names of fields, or the kind of what groups them."""
    found: dict[str, list[str]] = {}
    for tag, rest in re.findall(r"<(\w+)([^>]*aria-describedby[^>]*)>", page):
        name = re.search(r' name="([^"]+)"', rest)
        for where in re.findall(r'aria-describedby="([^"]+)"', rest)[0].split():
            found.setdefault(where, []).append(name[1] if name else tag)
    return {where: names for where, names in found.items() if f'class="error" id="{where}"' in page}


@pytest.mark.parametrize(
    ("fields", "bound"),
    [
        ({"from1": "soon", "until1": "later"}, {"visit-times-error": ["fieldset"]}),
        ({"from1": "2001-01-01T10:00", "until1": "2001-01-01T12:00"}, {"visit-from-error": ["from1"]}),
        ({"from1": "2099-01-02T10:00", "until1": "2099-01-02T09:00"}, {"visit-until-error": ["until1"]}),
        (
            {f"{name}{nth}": f"2099-01-02T{hour}:00" for nth in (1, 2) for name, hour in (("from", 10), ("until", 12))},
            {"visit-times-error": ["fieldset"]},
        ),
        ({"from1": "2099-01-02T10:00", "until1": "2099-01-02T12:00", "agent": "a02"}, {"visit-agent-error": ["agent"]}),
    ],
)
async def test_what_is_wrong_with_a_visit_is_bound_to_the_field_it_is_about(
    house: House, fields: dict[str, str], bound: dict[str, list[str]]
) -> None:
    number = (await house.report(STUCK))["case"]
    await house.runtime.db.run("UPDATE cases SET line = 3")
    await house.runtime.db.run("UPDATE agents SET line = 3 WHERE id = 'a01'")
    answer = await do(house, number, "plan_visit", **{"agent": "a01", **fields})
    assert answer.status == 422
    assert described(await answer.text()) == bound


async def crowd(house: House) -> str:
    """A case that 24 people have reported, Kund 1 with a number only, the others by mail."""
    for nth in range(1, 25):
        where = {"phone": "+46701740001"} if nth == 1 else {"email": f"kund{nth}@example.com"}
        await house.report(STUCK, **{"from": {"name": f"Kund {nth}", **where}})
    await house.runtime.db.run("UPDATE reports SET case_id = (SELECT min(id) FROM cases)")
    return (await house.cases())[-1]["number"]


def offered(page: str) -> list[str]:
    choice = re.search(r'<select id="reply-to".*?</select>', page, re.DOTALL)
    assert choice
    return re.findall(r'<option value="([^"]*)"', choice[0])


async def test_of_many_who_reported_the_newest_are_offered_and_whoever_is_looked_for(house: House) -> None:
    number = await crowd(house)
    page = await (await house.client.get(f"/console/cases/{number}")).text()
    assert offered(page) == [f"kund{nth}@example.com" for nth in range(24, 4, -1)]
    assert "4 till går att skriva till" in page
    for words, met in (
        ("Kund 3", ["kund3@example.com"]),
        (" KUND3@example ", ["kund3@example.com"]),
        ("070-174 00 01", ["+46701740001"]),
        ("174 00", [""]),
        ("nobody", [""]),
        ("kund 2", ["", *(f"kund{nth}@example.com" for nth in (24, 23, 22, 21, 20, 2))]),
    ):
        found = await house.client.get(f"/console/cases/{number}/recipients", params={"whom": words})
        assert offered(await found.text()) == met, words
    assert (await house.client.get("/console/cases/9999-9/recipients")).status == 404


async def test_a_reply_goes_to_nobody_but_who_was_looked_for(house: House) -> None:
    number = await crowd(house)
    newest = {"text": "Vi ser på det.", "to": "kund24@example.com"}
    refused = await do(house, number, "reply", **newest, whom="Kund 3")
    shown = await refused.text()
    assert (refused.status, offered(shown)) == (422, ["", "kund3@example.com"])
    assert "Vi ser på det.</textarea>" in shown
    assert 'value="Kund 3"' in shown
    assert (await do(house, number, "reply", **{**newest, "to": "kund3@example.com"}, whom="Kund 3")).status == 303
    assert (await do(house, number, "reply", **{**newest, "to": "kund2@example.com"})).status == 303, "as by the API"
    sent = await house.runtime.db.rows(
        "SELECT c.recipient FROM messages m JOIN message_contents c ON c.message_id = m.id WHERE m.kind = 'reply'"
        " ORDER BY m.id"
    )
    assert [row["recipient"] for row in sent] == ["kund3@example.com", "kund2@example.com"]


async def test_who_is_one_of_few_is_offered_without_looking_for_them(house: House) -> None:
    number = (await house.report(STUCK, **{"from": {"name": "Anna Ek", "email": "anna@example.com"}}))["case"]
    page = await (await house.client.get(f"/console/cases/{number}")).text()
    assert offered(page) == ["anna@example.com"]
    assert 'name="whom"' not in page


async def test_the_language_of_who_wrote_is_named_in_the_language_of_the_page(house: House) -> None:
    text = "Mein Kabel steckt fest an der Ladesäule 22809 und ich kann nicht wegfahren"
    number = (await house.report(text, language="de", **{"from": {"email": "kunde@example.de"}}))["case"]
    for language, name, own in (
        ("sv", "· tyska<", "Deutsch"),
        ("en", "· German<", "Deutsch"),
    ):
        page = await (await house.client.get(f"/console/cases/{number}?language={language}")).text()
        assert name in page
        assert own not in page.partition("<main")[2]


async def test_what_answers_a_refused_form_names_the_page_that_can_be_fetched_again(house: House) -> None:
    await house.hire("a01", role="admin")
    number = (await house.report(STUCK))["case"]
    csrf = await house.csrf(f"/console/cases/{number}")
    for path, fields, page in (
        (f"/console/cases/{number}/attach?view=mine", {"case": "9999-9"}, f"/console/cases/{number}?view=mine"),
        ("/managers/acts/move", {}, "/managers/acts"),
        ("/managers/rota/file", {"rows": "agent_id,line\na01,x"}, "/managers/rota"),
        ("/console/people/import", {"csv": "agent_id\na99"}, "/console/people"),
    ):
        answer = await house.client.post(path, data={"csrf": csrf, **fields})
        shown = await answer.text()
        assert answer.status == 422, path
        assert f'name="back" value="{page}"' in shown, path
        assert (await house.client.get(page)).status == 200
    answer = await house.client.post("/c/22809/follow", data={"phone": "nothing", "form_token": "x"})
    assert 'href="/c/22809?language=sv"' in await answer.text()
