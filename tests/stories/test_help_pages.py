"""The help center's pages: found by words or number, told at once what is known at a charger, three taps to a case."""

from __future__ import annotations

from html import escape
from typing import Any

import pytest

from gateway.config import Config
from gateway.record.db import Unavailable
from gateway.web.helpcenter.places import nearby
from tests.fakes.house import FORM_TOKEN, House, count, open_house
from tests.fakes.wire import wire


async def page(house: House, path: str) -> str:
    answer = await house.client.get(path)
    assert answer.status == 200, path
    return await answer.text()


async def known_fault(house: House, charger: str = "21007") -> str:
    """Two people have reported that a charger is dead; the case's number."""
    for nth in (1, 2):
        receipt = await house.report(
            "Laddaren är helt död", charger=charger, **{"from": {"phone": f"+4670174060{nth}"}}
        )
    return str(receipt["case"])


async def test_words_find_solutions_as_a_report_would_be_judged(house: House) -> None:
    found = await page(house, "/help?q=det+luktar+br%C3%A4nt&language=sv")
    assert found.index("/help/danger") < len(found)
    assert "Är någon i fara? Ring 112 nu." in found
    found = await page(house, "/help?q=kabel+steckt+fest&language=de")
    assert "/help/cable-will-not-let-go" in found
    found = await page(house, "/help?q=elefanter&language=sv")
    assert "/help/" not in found.partition("<main")[2].partition("</main>")[0]
    assert "/report?" in found


async def test_the_number_of_a_charger_leads_to_its_page(house: House) -> None:
    for path in ("/help?q=21007", "/c?number=21007"):
        answer = await house.client.get(path, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/c/21007"), path
    answer = await house.client.get("/c?number=+", allow_redirects=False)
    assert answer.headers["Location"] == "/report"


async def test_a_solution_shows_each_step_with_a_drawing_and_what_is_for_the_model_first(house: House) -> None:
    shown = await page(house, "/help/cable-will-not-let-go?language=en&charger=22809")
    assert shown.count('class="drawing"') >= 4
    assert "own-cable-locked-in-the-socket" in shown  # the model of that charger has a socket
    assert "fast-charger-holds-the-car" not in shown
    assert 'href="/c/22809?category=cable_stuck"' in shown
    assert (await house.client.get("/help/no-such-page")).status == 404


async def test_a_charger_says_at_once_what_is_known_and_when_it_works_again(house: House) -> None:
    assert "Vi känner redan till det här" not in await page(house, "/c/21007?language=sv")
    number = await known_fault(house)
    shown = await page(house, "/c/21007?language=sv")
    assert "Vi känner redan till det här" in shown
    assert "Ska fungera igen före" in shown
    assert number not in shown
    assert "0701740601" not in shown
    assert "Vi känner redan till det här" not in await page(house, "/c/21052?language=sv")


async def test_what_one_person_alone_said_is_not_told_to_strangers(house: House) -> None:
    await house.report("Laddaren är helt död", charger="21007", **{"from": {"phone": "+46701740601"}})
    assert "We already know" not in await page(house, "/c/21007?language=en")


async def test_whoever_wants_to_know_is_told_by_text_when_it_is_mended(house: House) -> None:
    number = await known_fault(house)
    shown = await page(house, "/c/21007?language=de")
    found = FORM_TOKEN.search(shown)
    assert found
    fields = {"form_token": found.group(1), "phone": "070-174 06 99", "category": "offline", "language": "de"}
    bad = await house.client.post("/c/21007/follow", data={**fields, "phone": "nothing"}, allow_redirects=False)
    assert bad.status == 422
    for _ in range(2):
        answer = await house.client.post("/c/21007/follow", data=fields, allow_redirects=False)
        assert answer.status == 303
        assert answer.headers["Location"].endswith("/receipt")
    whole = await house.case(number)
    assert len(whole["reports"]) == 3
    assert whole["reports"][-1]["from"]["phone"] == "+46701740699"
    said = {"as": "a01", "disposition": "solved_remotely", "text": "Klart"}
    assert (await house.api("POST", f"/cases/{number}/conclude", said))[0] == 200
    rows = await house.runtime.db.rows(
        "SELECT m.channel, m.language, t.sender_phone FROM messages m JOIN report_contents t USING (report_id)"
        " WHERE m.kind = 'concluded' ORDER BY 3"
    )
    assert [(row["channel"], row["language"], row["sender_phone"]) for row in rows][-1] == ("sms", "de", "+46701740699")


async def test_three_taps_from_the_code_are_a_report(house: House) -> None:
    shown = await page(house, "/c/21052?language=no")
    found = FORM_TOKEN.search(shown)
    assert found
    fields = {"form_token": found.group(1), "charger": "21052", "category": "cable_stuck", "language": "no"}
    answer = await house.submit(fields)
    assert answer.status == 303
    (case,) = await house.cases()
    assert (case["category"], case["priority"], case["charger"], case["language"]) == (
        "cable_stuck",
        "P2",
        "21052",
        "no",
    )


async def test_planned_work_is_told_at_the_charger(house: House) -> None:
    now = house.runtime.clock.now()
    async with house.runtime.db.connection() as connection:
        await connection.execute(
            "INSERT INTO maintenance (site_id, starts_at, ends_at, created_at) VALUES"
            " ('s001', %(now)s - interval '1 hour', %(now)s + interval '2 hours', %(now)s)",
            {"now": now},
        )
    assert "Här pågår planerat arbete." in await page(house, "/c/21007?language=sv")
    assert "Här pågår planerat arbete." not in await page(house, "/c/21052?language=sv")


async def test_with_the_record_away_the_charger_s_page_still_has_its_form(config: Config, database_url: str) -> None:
    async with wire(database_url) as line, open_house(config, database_url=line.url) as house:
        await line.cut()
        shown = await page(house, "/c/21052?language=sv")
        assert "BRF" in shown
        assert 'action="/report"' in shown
        with pytest.raises(Unavailable):
            await count(house.runtime.db, "reports")


async def test_a_telephone_s_position_names_the_site_and_is_not_kept(house: House) -> None:
    fields = {"form_token": await house.form_token(), "text": "Laddaren är trasig", "position": "63.79700,20.26500"}
    assert (await house.submit({**fields, "language": "sv"})).status == 303
    (case,) = await house.cases()
    assert case["site"] == "s001"
    row = await house.runtime.db.row("SELECT convert_from(raw, 'UTF8') AS raw FROM report_contents")
    assert row is not None
    assert "63.79" not in row["raw"]


@pytest.mark.parametrize("position", ["", "63.8", "91,200", "nan,nan", "59.00000,10.00000", "1" * 5000])
async def test_a_position_that_is_none_or_far_away_names_nothing(house: House, position: str) -> None:
    class Asked:
        app: Any = house.app

    assert nearby(Asked(), {"position": position}) == ""  # type: ignore[arg-type]


async def test_pages_of_drivers_are_light_and_wait_for_no_script(house: House) -> None:
    for path in ("/", "/help", "/help/cable-will-not-let-go", "/c/21052", "/report"):
        answer = await house.client.get(path)
        text = await answer.text()
        assert len(text) < 24_000, path
        assert text.count("<script") == text.count("defer></script>"), path
        assert "vendor/" not in text, path


@pytest.mark.parametrize("number", ["99999", "abc", "2105", "<b>"])
async def test_a_number_that_is_no_chargers_is_said_to_be_none(house: House, number: str) -> None:
    answer = await house.client.get("/c", params={"number": number, "language": "sv"})
    shown = await answer.text()
    assert answer.status == 200
    assert f"Vi känner inte laddare {escape(number)}. Kontrollera de fem siffrorna" in shown
    assert "Vi känner inte laddare" not in await page(house, "/report?language=sv")
    assert "Vi känner inte laddare" not in await page(house, "/c/21007?language=sv")
