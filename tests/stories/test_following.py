"""What a reporter does from the page behind their link: add, be texted, have the charger helped; what nobody may."""

from __future__ import annotations

import time
from datetime import timedelta
from statistics import median

import pytest
from aiohttp import FormData

from channels.report import RemoteAct, RemoteAnswer
from gateway import desk
from gateway.clock import SetClock, SystemClock
from gateway.config import Config
from gateway.record import reports
from gateway.web.helpcenter import status
from tests.fakes.house import FORM_TOKEN, House, count, open_house

JPEG = b"\xff\xd8\xff\xe0" + b"photo" * 400


class Obedient:
    """A back end that does what it is asked, and remembers."""

    def __init__(self, answer: RemoteAnswer = RemoteAnswer.UNLOCKED) -> None:
        self.asked: list[tuple[str, str, int | None]] = []
        self.answer = answer

    async def status(self, charger: str) -> None:
        return None

    async def act(self, charger: str, act: RemoteAct, connector: int | None = None) -> RemoteAnswer:
        self.asked.append((charger, act.value, connector))
        return self.answer


async def stuck(house: House, **more: object) -> tuple[str, str]:
    """A report of a stuck cable; the case's number and the path of its page."""
    receipt = await house.report(
        "Kabeln sitter fast i laddaren", charger="21052", **{"from": {"email": "therese@example.net"}, **more}
    )
    return receipt["case"], "/s/" + receipt["status_url"].rpartition("/")[2]


def fleet(house: House, back_end: Obedient) -> None:
    object.__setattr__(house.runtime, "chargers", back_end)


async def test_words_and_a_photo_are_added_to_the_same_case_once(house: House) -> None:
    number, link = await stuck(house)
    shown = await (await house.client.get(f"{link}?language=en")).text()
    found = FORM_TOKEN.search(shown)
    assert found

    def filled() -> FormData:
        form = FormData(default_to_multipart=True)
        form.add_field("form_token", found.group(1))
        form.add_field("text", "Nu blinkar den rött")
        form.add_field("photo", JPEG, filename="a.jpg", content_type="image/jpeg")
        return form

    for _ in range(2):
        answer = await house.client.post(f"{link}/more", data=filled(), allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, f"{link}?done=added")
    whole = await house.case(number)
    assert [report["text"] for report in whole["reports"]] == ["Kabeln sitter fast i laddaren", "Nu blinkar den rött"]
    assert [len(report["attachments"]) for report in whole["reports"]] == [0, 1]
    assert await count(house.runtime.db, "cases") == 1
    shown = await (await house.client.get(f"{link}?done=added&language=en")).text()
    assert "Whoever works on the case sees it." in shown
    assert "Nu blinkar" not in shown
    assert await count(house.runtime.db, "messages") == 1  # the receipt of the first one alone


async def test_an_empty_addition_is_asked_for_again(house: House) -> None:
    _, link = await stuck(house)
    assert (await house.client.post(f"{link}/more", data={"text": "  "}, allow_redirects=False)).status == 422
    assert await count(house.runtime.db, "reports") == 1


async def test_a_text_when_it_is_solved_is_asked_for_by_button_and_called_off(house: House) -> None:
    number, link = await stuck(house)
    assert (await house.client.post(f"{link}/text", data={"phone": "abc"})).status == 422
    for phone in ("070-174 06 99", "+46701740698"):
        answer = await house.client.post(f"{link}/text", data={"phone": phone}, allow_redirects=False)
        assert answer.headers["Location"] == f"{link}?done=texted"
    shown = await (await house.client.get(link)).text()
    assert "0698" not in shown
    said = {"as": "a01", "disposition": "solved_remotely", "text": "Klart"}
    await house.client.post(f"{link}/text", data={"stop": "1"})
    await house.client.post(f"{link}/text", data={"phone": "+46701740697"})
    assert (await house.api("POST", f"/cases/{number}/conclude", said))[0] == 200
    rows = await house.runtime.db.rows("SELECT channel FROM messages WHERE kind = 'concluded' ORDER BY channel")
    assert [row["channel"] for row in rows] == ["email", "sms"]


async def test_the_charger_is_helped_once_by_a_button_and_the_timeline_says_how(house: House) -> None:
    number, link = await stuck(house)
    back_end = Obedient()
    fleet(house, back_end)
    for path in (link, f"{link}/receipt"):
        for _ in range(2):
            shown = await (await house.client.get(f"{path}?language=en")).text()
            assert "Let go of the cable" in shown
    assert back_end.asked == []
    for _ in range(2):
        answer = await house.client.post(f"{link}/help", data={"connector": "1"}, allow_redirects=False)
        assert answer.status == 303
    assert back_end.asked == [("21052", "unlock", 1)]
    shown = await (await house.client.get(f"{link}?done=helped&language=en")).text()
    assert "The charger did as we asked." in shown
    (entry,) = [one for one in (await house.case(number))["timeline"] if one["kind"] == "remote_action"]
    assert entry["actor"]["kind"] == "customer"
    assert (entry["data"]["act"], entry["data"]["answer"], entry["data"]["why"]) == (
        "unlock",
        "Unlocked",
        "cable_stuck",
    )


async def test_a_charger_is_not_helped_late_nor_for_whoever_named_none(config: Config) -> None:
    clock = SetClock(SystemClock().now())
    async with open_house(config, clock=clock) as house:
        back_end = Obedient()
        fleet(house, back_end)
        receipt = await house.report("Kabeln sitter fast", **{"from": {"email": "a@example.net"}})
        await house.client.post("/s/" + receipt["status_url"].rpartition("/")[2] + "/help")
        _, link = await stuck(house)
        clock.forward(timedelta(hours=1))
        await house.client.post(f"{link}/help")
        assert back_end.asked == []


async def test_nothing_is_done_from_afar_while_danger_is_open_at_the_charger(house: House) -> None:
    number, link = await stuck(house)
    await house.report("Det brinner i laddaren, rök och lågor!", charger="21052")
    back_end = Obedient()
    fleet(house, back_end)
    await house.client.post(f"{link}/help")
    assert back_end.asked == []
    with pytest.raises(desk.Refused):
        await desk.unlock(house.runtime, desk.SYSTEM, int(number[:-2]), 1)
    assert back_end.asked == []


async def test_b81_the_page_tells_no_names_no_words_and_no_notes(house: House) -> None:
    number, link = await stuck(house, **{"from": {"name": "Therese Holm", "email": "therese@example.net"}})
    await house.api("POST", f"/cases/{number}/note", {"as": "a01", "text": "Besvärlig kund"})
    await house.api("POST", f"/cases/{number}/reply", {"as": "a01", "text": "Vi ringer strax"})
    for path in (link, f"{link}/receipt"):
        shown = await (await house.client.get(path)).text()
        for secret in ("Therese", "therese@", "Besvärlig", "ringer strax", "Kabeln sitter fast i", "Agent 01"):
            assert secret not in shown, (path, secret)


async def test_b81_a_link_that_does_not_exist_takes_as_long_as_one_that_does(house: House) -> None:
    _, link = await stuck(house)
    token = link.rpartition("/")[2]
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    took: dict[str, list[float]] = {token: [], wrong: []}
    for _ in range(60):
        for one, times in took.items():
            began = time.perf_counter()
            await reports.by_token(house.runtime.db, one)
            times.append(time.perf_counter() - began)
    assert abs(median(took[token]) - median(took[wrong])) < 0.002


async def test_b81_whoever_guesses_many_links_waits_longer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(status.asyncio, "sleep", sleep)
    for nth in range(status.MISSES + 3):
        assert (await house.client.get(f"/s/{'x' * 20}{nth:04d}")).status == 404
    assert waited.count(status.SLOW_ANSWER) == 3
