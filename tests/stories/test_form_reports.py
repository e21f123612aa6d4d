"""The report form: kept before the page answers, once, with or without its photo, with or without the database."""

from __future__ import annotations

import asyncio
import shutil
from urllib.parse import urlsplit

import pytest

from gateway.config import Config
from gateway.record.db import Unavailable
from tests.fakes.house import House, count, open_house
from tests.fakes.wire import wire

JPEG = b"\xff\xd8\xff\xe0" + b"photo" * 400
TEXT = "Kabeln sitter fast i laddaren"


async def filled(house: House, **more: str) -> dict[str, str]:
    return {"form_token": await house.form_token(), "text": TEXT, "charger": "21052", "language": "sv", **more}


async def test_a_form_becomes_a_case_with_a_receipt_and_a_status_page(house: House) -> None:
    answer = await house.submit(await filled(house, phone="070-174 06 99", name="Therese"), [JPEG])
    assert answer.status == 303
    place = answer.headers["Location"]
    receipt = await (await house.client.get(place)).text()
    (case,) = await house.cases()
    assert case["number"] in receipt
    assert (case["channels"], case["charger"], case["site"], case["language"]) == (["form"], "21052", "s002", "sv")
    status = await house.client.get(place.removesuffix("/receipt"))
    page = await status.text()
    assert case["number"] in page
    assert TEXT not in page
    assert "Therese" not in page
    assert status.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in status.headers["X-Robots-Tag"]
    assert status.headers["Cache-Control"] == "no-store"
    whole = await house.case(case["number"])
    (photo,) = whole["reports"][0]["attachments"]
    assert (photo["name"], photo["media_type"], photo["size"]) == ("photo-1.jpg", "image/jpeg", len(JPEG))


async def test_b72_f34_the_same_form_sent_five_times_at_once_is_one_case(house: House) -> None:
    fields = await filled(house)
    answers = await asyncio.gather(*(house.submit(fields, [JPEG]) for _ in range(5)))
    assert {answer.status for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert await count(house.runtime.db, "reports") == 1
    assert await count(house.runtime.db, "report_attachments") == 1


async def test_b73_an_upload_cut_at_ninety_percent_keeps_the_words(house: House) -> None:
    fields = await filled(house)
    boundary = "--------form"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = "".join(parts) + (
        f'--{boundary}\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    photo = b"\xff\xd8\xff\xe0" + b"x" * 500_000
    sent = head.encode() + photo
    assert house.client.port
    _, writer = await asyncio.open_connection("127.0.0.1", house.client.port)
    reached = int(len(sent) * 0.9)
    writer.write(
        f"POST /report HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary={boundary}\r\n"
        f"Content-Length: {len(sent) + 100}\r\n\r\n".encode()
    )
    for start in range(0, reached, 50_000):
        writer.write(sent[start : min(start + 50_000, reached)])
        await writer.drain()
        assert (await house.client.get("/healthz")).status == 200
    writer.close()
    await writer.wait_closed()
    await eventually(lambda: count(house.runtime.db, "reports"), 1)
    again = await house.submit(fields, [JPEG])
    assert again.status == 303
    (case,) = await house.cases()
    whole = await house.case(case["number"])
    assert whole["reports"][0]["text"] == TEXT
    assert [one["size"] for report in whole["reports"] for one in report["attachments"]] == [len(JPEG)]


async def test_on_a_slow_line_the_words_are_kept_before_the_photo_has_arrived(config: Config) -> None:
    async with open_house(config, photo_patience=0.05) as house:
        fields = await filled(house)
        boundary = "--------slow"
        body = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ).encode()
        body += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        ).encode()
        rest = JPEG + f"\r\n--{boundary}--\r\n".encode()
        assert house.client.port
        reader, writer = await asyncio.open_connection("127.0.0.1", house.client.port)
        writer.write(
            f"POST /report HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
            f"Content-Length: {len(body) + len(rest)}\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        await eventually(lambda: count(house.runtime.db, "reports"), 1)
        writer.write(rest)
        await writer.drain()
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert b" 303 " in answer.splitlines()[0]
        (case,) = await house.cases()
        whole = await house.case(case["number"])
        assert [one["size"] for report in whole["reports"] for one in report["attachments"]] == [len(JPEG)]


@pytest.mark.parametrize(
    ("photos", "told"),
    [
        ([b"\xff\xd8\xff\xe0" + b"x" * (17 << 20)], "too_large"),
        ([b""], "empty"),
        ([b"<svg onload=alert(1)>"], "no_picture"),
        ([JPEG + bytes([nth]) for nth in range(11)], "too_many"),
    ],
)
async def test_b74_a_bad_photo_never_costs_the_report(house: House, photos: list[bytes], told: str) -> None:
    answer = await house.submit(await filled(house), photos)
    assert answer.status == 303
    assert urlsplit(answer.headers["Location"]).query == f"photo={told}"
    receipt = await house.client.get(answer.headers["Location"])
    assert receipt.status == 200
    (case,) = await house.cases()
    whole = await house.case(case["number"])
    assert whole["reports"][0]["text"] == TEXT
    assert len(whole["reports"][0]["attachments"]) == (10 if told == "too_many" else 0)


async def test_f21_a_photo_that_cannot_be_stored_never_costs_the_words(house: House) -> None:
    folder = house.runtime.config.data_dir / "blobs"
    shutil.rmtree(folder)
    folder.write_text("no folder any more")
    answer = await house.submit(await filled(house), [JPEG])
    assert (answer.status, urlsplit(answer.headers["Location"]).query) == (303, "photo=broken_off")
    (case,) = await house.cases()
    assert (await house.case(case["number"]))["reports"][0]["text"] == TEXT


async def test_b74_a_heic_photo_is_kept_as_a_file(house: House) -> None:
    heic = b"\x00\x00\x00\x18ftypheic" + b"x" * 100
    answer = await house.submit(await filled(house), [heic])
    assert urlsplit(answer.headers["Location"]).query == ""
    (case,) = await house.cases()
    whole = await house.case(case["number"])
    assert whole["reports"][0]["attachments"][0]["media_type"] == "image/heic"


MALFORMED = [
    ("multipart/form-data", b"--x\r\n\r\n--x--\r\n"),
    ("multipart/form-data; boundary=x", b"nothing of the kind"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nhalf'),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xff\xfe\r\n--x--\r\n',
    ),
    ("multipart/form-data; boundary=" + "x" * 90, b"--x--\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y--\r\n--x--"),
    ("application/x-www-form-urlencoded", b"text=%ff"),
]


@pytest.mark.filterwarnings("ignore::aiohttp.multipart.BadContentDispositionHeader")
async def test_b75_a_malformed_form_is_400_with_a_page(house: House) -> None:
    for kind, body in MALFORMED:
        answer = await house.client.post("/report", data=body, headers={"Content-Type": kind})
        assert (answer.status, answer.content_type) == (400, "text/html"), (kind, body)


async def test_b76_a_form_with_a_dead_token_is_shown_again_with_every_word(house: House) -> None:
    for token in ("", "forged", "forged.forged"):
        fields = {**await filled(house, phone="0701740699"), "form_token": token}
        answer = await house.submit(fields)
        page = await answer.text()
        assert answer.status == 422
        assert TEXT in page
        assert "0701740699" in page
        assert await count(house.runtime.db, "reports") == 0
    fields["form_token"] = page.partition('name="form_token" value="')[2].partition('"')[0]
    assert (await house.submit(fields)).status == 303


async def test_a_form_posted_from_elsewhere_is_shown_again_and_not_kept(house: House) -> None:
    fields = await filled(house)
    answer = await house.client.post("/report", data=fields, headers={"Origin": "https://evil.example"})
    assert answer.status == 422
    answer = await house.client.post("/report", data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 422
    assert await count(house.runtime.db, "reports") == 0


async def test_an_empty_form_is_shown_again(house: House) -> None:
    answer = await house.submit(await filled(house, text="  "))
    assert answer.status == 422
    assert await count(house.runtime.db, "reports") == 0


async def test_b77_many_forms_from_one_address_are_all_kept(house: House) -> None:
    for _ in range(70):
        answer = await house.client.post("/report", data=await filled(house), allow_redirects=False)
        assert answer.status in (202, 303)
    await house.runtime.spool.empty(house.runtime.intake.accept)
    assert await count(house.runtime.db, "reports") == 70


async def test_with_the_database_away_the_form_is_spooled_and_kept_once_afterwards(
    config: Config, database_url: str
) -> None:
    async with wire(database_url) as line, open_house(config, database_url=line.url) as house:
        fields = await filled(house)
        await line.cut()
        for _ in range(2):
            answer = await house.submit(fields, [JPEG])
            assert answer.status == 202
            assert "<h1>" in await answer.text()
        assert len(house.runtime.spool.waiting()) == 1
        await line.mend()

        async def kept() -> int:
            try:
                return await count(house.runtime.db, "reports")
            except Unavailable:
                return 0

        await eventually(kept, 1)
        assert (await house.submit(fields, [JPEG])).status == 303
        assert await count(house.runtime.db, "reports") == 1
        assert await count(house.runtime.db, "report_attachments") == 1


async def test_b80_a_scanned_code_opens_the_form_whatever_it_says(house: House) -> None:
    for charger in ("21052", "99999", "%00%ff", "'%20OR%201=1", "x" * 200):
        answer = await house.client.get(f"/c/{charger}")
        assert answer.status == 200, charger
        assert ("BRF" in await answer.text()) == (charger == "21052")


async def test_b81_a_guessed_status_link_finds_nothing(house: House) -> None:
    await house.report("En rapport finns", charger="21007")
    for token in ("1", "1042-9", "x" * 22, "' OR 1=1", "..%2f..%2fetc", "%00"):
        assert (await house.client.get(f"/s/{token}")).status == 404, token
        assert (await house.client.post(f"/s/{token}", data={"solved": "yes"})).status == 404, token


async def test_b81_a_truncated_link_finds_nothing(house: House) -> None:
    answer = await house.submit(await filled(house))
    link = answer.headers["Location"].removesuffix("/receipt")
    assert (await house.client.get(link)).status == 200
    assert (await house.client.get(link[:-1])).status == 404
    assert len(link.rpartition("/")[2]) >= 22


async def test_b82_a_foreign_host_is_421(house: House) -> None:
    for host in ("evil.example", "evil.example:8080", "127.0.0.1.evil.example", "a@evil", "["):
        answer = await house.client.get("/", headers={"Host": host})
        assert answer.status in (400, 421), host


async def test_b82_a_forwarded_host_changes_no_link(house: House) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "https"}
    answer = await house.client.get("/report", headers=headers)
    assert answer.status == 200
    assert "evil.example" not in await answer.text()


async def test_fetching_a_link_changes_nothing_and_the_button_confirms_once(house: House) -> None:
    answer = await house.submit(await filled(house, email="therese@example.net"))
    link = answer.headers["Location"].removesuffix("/receipt")
    (case,) = await house.cases()
    verbs = f"/cases/{case['number']}"
    assert (await house.api("POST", f"{verbs}/claim", {"as": "a01"}))[0] == 200
    said = {"as": "a01", "disposition": "solved_remotely", "text": "Vi har låst upp kabeln."}
    assert (await house.api("POST", f"{verbs}/conclude", said))[0] == 200
    before = await count(house.runtime.db, "timeline")
    for path in (link, f"{link}?done=confirmed", f"{link}/receipt", f"{link}?solved=yes"):
        assert (await house.client.get(path)).status == 200
        assert (await house.client.head(path)).status == 200
    assert await count(house.runtime.db, "timeline") == before
    assert (await house.client.post(link, data={"solved": "perhaps"})).status == 400
    for _ in range(2):
        answer = await house.client.post(link, data={"solved": "yes"}, allow_redirects=False)
        assert answer.status == 303
    closed = await house.case(case["number"])
    assert closed["status"] == "closed"
    assert [entry["kind"] for entry in closed["timeline"]].count("confirmed") == 1
    assert closed["timeline"][-1]["actor"] == {"kind": "customer", "id": None}


async def test_a_reporter_who_says_no_opens_the_case_again(house: House) -> None:
    answer = await house.submit(await filled(house))
    link = answer.headers["Location"].removesuffix("/receipt")
    (case,) = await house.cases()
    said = {"as": "a01", "disposition": "explained", "text": "Så här gör du."}
    assert (await house.api("POST", f"/cases/{case['number']}/conclude", said))[0] == 200
    await house.client.post(link, data={"solved": "no"}, allow_redirects=False)
    assert (await house.case(case["number"]))["status"] == "open"


async def test_the_help_center_speaks_six_languages_and_always_shows_a_way_to_call_for_help(house: House) -> None:
    for language in ("sv", "en", "no", "da", "fi", "de"):
        answer = await house.client.get(f"/?language={language}")
        page = await answer.text()
        assert f'<html lang="{language}"' in page
        assert "tel:112" in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def eventually(ask, wanted: int, within: float = 40.0) -> None:  # type: ignore[no-untyped-def]
    """Poll until the answer is as wanted; fail after the deadline."""
    deadline = asyncio.get_running_loop().time() + within
    while (found := await ask()) != wanted:
        assert asyncio.get_running_loop().time() < deadline, f"{found} after {within} s, wanted {wanted}"
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("contact", [{}, {"phone": "abc"}, {"email": "mig@"}, {"phone": "12", "email": "ingen"}])
async def test_nobody_is_promised_an_answer_who_cannot_be_reached_and_a_number_may_follow(
    house: House, contact: dict[str, str]
) -> None:
    answer = await house.submit(await filled(house, **contact))
    place = answer.headers["Location"]
    receipt = await (await house.client.get(place)).text()
    assert "Vi har inget sätt att nå dig." in receipt
    assert "du hör från oss" not in receipt
    link = place.removesuffix("/receipt")
    assert f'action="{link}/text"' in receipt
    await house.client.post(f"{link}/text", data={"phone": "070-174 06 99"})
    assert "Vi har inget sätt att nå dig." not in await (await house.client.get(place)).text()


@pytest.mark.parametrize("contact", [{"phone": "070-174 06 99"}, {"email": "mig@example.net"}])
async def test_whoever_left_one_way_to_be_reached_hears_from_us(house: House, contact: dict[str, str]) -> None:
    answer = await house.submit(await filled(house, **contact))
    receipt = await (await house.client.get(answer.headers["Location"])).text()
    assert "du hör från oss" in receipt
    assert "Vi har inget sätt att nå dig." not in receipt
    assert receipt.count("Följ ditt ärende") == 1


async def test_what_a_reporter_has_confirmed_is_not_thought_but_told(house: House) -> None:
    answer = await house.submit(await filled(house, email="mig@example.net"))
    link = answer.headers["Location"].removesuffix("/receipt")
    (case,) = await house.cases()
    said = {"as": "a01", "disposition": "explained", "text": "Så här gör du."}
    assert (await house.api("POST", f"/cases/{case['number']}/conclude", said))[0] == 200
    assert "<h1>Vi tror att det är löst</h1>" in await (await house.client.get(link)).text()
    await house.client.post(link, data={"solved": "yes"})
    await house.runtime.db.run("UPDATE cases SET status = 'concluded', closed_at = NULL")  # others have not said so yet
    assert "<h1>Det är löst</h1>" in await (await house.client.get(link)).text()


@pytest.mark.parametrize("disposition", ["duplicate", "spam"])
async def test_whose_case_was_no_matter_of_its_own_is_not_asked_whether_it_is_solved(
    house: House, disposition: str
) -> None:
    answer = await house.submit(await filled(house, email="mig@example.net"))
    link = answer.headers["Location"].removesuffix("/receipt")
    (case,) = await house.cases()
    said = {"as": "a01", "disposition": disposition, "text": "Hör till ett annat."}
    assert (await house.api("POST", f"/cases/{case['number']}/conclude", said))[0] == 200
    shown = await (await house.client.get(link)).text()
    assert "<h1>Ärendet är stängt</h1>" in shown
    assert "Är ditt problem löst?" not in shown
    await house.client.post(link, data={"solved": "no"})
    assert (await house.case(case["number"]))["status"] == "open"


@pytest.mark.parametrize(
    ("text", "advice", "danger"),
    [(TEXT, "Råd: ", False), ("Det brinner i laddaren", "Vid fara: ", True), ("Skärmen är sprucken", "Råd: ", False)],
)
async def test_advice_is_not_called_something_to_try(house: House, text: str, advice: str, danger: bool) -> None:
    answer = await house.submit(await filled(house, text=text))
    shown = await (await house.client.get(answer.headers["Location"].removesuffix("/receipt"))).text()
    summary = shown.partition("<summary>")[2].partition("</summary>")[0]
    assert summary.startswith(advice), summary
    assert "Prova" not in summary
    assert danger == ("Vid fara" in shown)
