"""The app or the payments fail everywhere: the help center says that we know, and texts whoever asks when it works."""

from __future__ import annotations

import re

from gateway.languages import CUSTOMERS, catalogue
from tests.fakes.house import FORM_TOKEN, House
from tests.stories.test_help_pages import page

DOWN = "Appen ligger nere, den kraschar för alla i hela landet"
KNOWN = "Vi känner redan till det här"
TOLD = "Just nu fungerar inte appen eller laddbrickorna för flera kunder."
SECTION = re.compile(r'<section class="card stack known" id="outage_access".*?</section>', re.DOTALL)


async def outage(house: House, reporters: int = 2) -> str:
    """The number of the case that so many have reported."""
    receipts = [await house.report(DOWN, **{"from": {"email": f"r{nth}@example.net"}}) for nth in range(reporters)]
    (number,) = {receipt["case"] for receipt in receipts}
    return str(number)


async def followed(house: House, phone: str, category: str = "access", language: str = "sv") -> tuple[int, str]:
    """What the button answers, once pressed on a page that was just opened."""
    found = FORM_TOKEN.search(await page(house, f"/report?language={language}"))
    assert found
    fields = {"form_token": found.group(1), "phone": phone, "language": language}
    answer = await house.client.post(f"/outages/{category}/follow", data=fields, allow_redirects=False)
    return answer.status, answer.headers.get("Location", "") or await answer.text()


async def test_v16_an_outage_is_told_in_the_help_center_with_its_time_and_nothing_of_its_reporters(
    house: House,
) -> None:
    number = await outage(house, 1)
    for path in ("/", "/report", "/c/21007"):
        assert TOLD not in await page(house, f"{path}?language=sv"), "one alone is not told to strangers"
    await outage(house)
    for path in ("/", "/report", "/report?charger=21007", "/c/21007", "/c/no-such"):
        shown = await page(house, f"{path}{'&' if '?' in path else '?'}language=sv")
        assert shown.count(TOLD) == 1, path
        assert "Ska fungera igen före" in shown
        assert number not in shown
        assert "example.net" not in shown
    home = await page(house, "/?language=sv")
    assert home.index(TOLD) < home.index("<h1>"), "before anything else"
    assert 'href="/report#outage_access"' in home
    said = {"as": "a01", "disposition": "solved_remotely", "text": "Klart"}
    assert (await house.api("POST", f"/cases/{number}/conclude", said))[0] == 200
    assert TOLD not in await page(house, "/?language=sv")


async def test_v16_it_is_told_in_the_readers_language_and_says_when_its_time_is_past(house: House) -> None:
    await outage(house)
    for language in CUSTOMERS:
        book = catalogue(language)
        for path in ("/", "/report"):
            shown = await page(house, f"{path}?language={language}")
            assert book.code("outage", "access") in shown, (path, language)
            assert book.gettext("Tell me by SMS when everything works again") in shown, (path, language)
    await house.runtime.db.run("UPDATE cases SET due_solution = opened_at - interval '1 hour'")
    shown = await page(house, "/?language=en")
    assert "It takes longer than we promised" in shown
    assert "Should work again before" not in shown


async def test_v16_whoever_asks_is_told_by_text_when_all_works_again(house: House) -> None:
    number = await outage(house)
    status, where = await followed(house, "070-174 06 99", language="de")
    assert (status, where.endswith("/receipt")) == (303, True)
    whole = await house.case(number)
    assert [one["channel"] for one in whole["reports"]] == ["api", "api", "form"]
    assert (whole["charger"], whole["site"], whole["category"]) == (None, None, "access")
    said = {"as": "a01", "disposition": "solved_remotely", "text": "Klart"}
    assert (await house.api("POST", f"/cases/{number}/conclude", said))[0] == 200
    rows = await house.runtime.db.rows(
        "SELECT m.channel, m.language FROM messages m JOIN report_contents t USING (report_id)"
        " WHERE m.kind = 'concluded' AND t.sender_phone = '+46701740699'"
    )
    assert rows == [{"channel": "sms", "language": "de"}]


async def test_v16_what_cannot_be_texted_is_said_beside_its_field_and_a_forged_form_does_nothing(house: House) -> None:
    number = await outage(house)
    status, shown = await followed(house, "nothing")
    found = SECTION.search(shown)
    assert (status, bool(found)) == (422, True)
    assert found
    assert 'value="nothing"' in found.group()
    assert 'aria-invalid="true"' in found.group()
    assert 'href="#follow_access"' in shown
    forged = {"form_token": "made up", "phone": "+46701740699"}
    answer = await house.client.post("/outages/access/follow", data=forged, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/report")
    assert len((await house.case(number))["reports"]) == 2


async def test_v16_news_and_a_report_from_the_same_page_are_two_reports(house: House) -> None:
    number = await outage(house)
    found = FORM_TOKEN.search(await page(house, "/report?language=sv"))
    assert found
    fields = {"form_token": found.group(1), "phone": "+46701740699", "language": "sv"}
    links = set()
    for _ in range(2):
        answer = await house.client.post("/outages/access/follow", data=fields, allow_redirects=False)
        links.add(answer.headers["Location"])
    assert len(links) == 1, "sent again is the same"
    said = {**fields, "category": "cable_stuck", "text": "Kabeln sitter fast", "charger": "21052"}
    answer = await house.client.post("/report", data=said, allow_redirects=False)
    assert answer.headers["Location"] not in links
    assert {case["charger"] for case in await house.cases()} == {None, "21052"}
    assert len((await house.case(number))["reports"]) == 3
