"""The rota: by page, by file, by API; its holes are alarms wherever somebody looks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import alerts
from gateway.clock import SetClock
from gateway.config import Config, load
from gateway.importing import ImportFaults, import_folder
from gateway.phone import telephony, watch
from tests.fakes.house import House, count, open_house

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
PASSWORD = "a quiet shift for everybody"


@pytest.fixture
def config(environ: dict[str, str], database_url: str, redis_url: str) -> Config:
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    return load({**environ, **servers, "TWILIO_ACCOUNT_SID": "AC" + "a" * 32, "TWILIO_AUTH_TOKEN": "t" * 32})


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
async def house(config: Config, clock: SetClock) -> AsyncIterator[House]:
    async with open_house(config, clock=clock) as opened:
        yield opened


async def on_call(house: House) -> tuple[bool, str]:
    checks = (await (await house.client.get("/readyz")).json())["checks"]
    return checks["on_call"]["ok"], checks["on_call"]["detail"]


async def test_a_lead_fills_the_rota_on_its_page(house: House) -> None:
    await house.hire("a01", PASSWORD, "lead")
    await house.log_in("agent01@support.example", PASSWORD)
    page = await (await house.client.get("/managers/rota?language=en")).text()
    assert "The rota is empty." in page
    csrf = await house.csrf("/managers/rota")
    shift = {"agent_id": "a17", "line": "2", "region": "", "phone": "", "csrf": csrf}
    wrong = {**shift, "phone": "070", "from": "2026-11-25T17:00", "until": "2026-11-25T08:00"}
    answer = await house.client.post("/managers/rota", data=wrong)
    assert answer.status == 422
    page = await answer.text()
    assert "not a telephone number" in page
    good = {**shift, "from": "2026-11-25T08:00", "until": "2026-11-27T08:00"}
    answer = await house.client.post("/managers/rota", data=good)
    page = await answer.text()
    assert answer.status == 200
    assert "The rota has been changed." in page
    assert "Nobody is on call at these times" in page
    assert await house.runtime.db.row("SELECT agent_id, phone, starts_at FROM rota") == {
        "agent_id": "a17",
        "phone": "+46313900617",
        "starts_at": datetime(2026, 11, 25, 7, 0, tzinfo=UTC),
    }
    rows = "agent_id,line,region,phone,from,until\na18,2,,,2026-11-27T08:00,2027-01-01T08:00\nnobody,9,,,soon,later\n"
    answer = await house.client.post("/managers/rota/file", data={"rows": rows, "csrf": csrf})
    assert answer.status == 422
    assert "row 2" in await answer.text()
    answer = await house.client.post("/managers/rota/file", data={"rows": rows.rpartition("nobody")[0], "csrf": csrf})
    assert "Somebody is on call at every hour" in await answer.text()
    answer = await house.client.post("/managers/rota/1/remove", data={"csrf": csrf})
    assert answer.status == 200
    assert await count(house.runtime.db, "rota") == 1
    assert (await house.client.post("/managers/rota/1/remove", data={"csrf": csrf})).status == 404


async def test_agents_and_strangers_have_no_rota_to_change(house: House) -> None:
    answer = await house.client.get("/managers/rota", allow_redirects=False)
    assert answer.status == 303
    await house.hire("a02", PASSWORD)
    await house.log_in("agent02@support.example", PASSWORD)
    assert (await house.client.get("/managers/rota")).status == 403


async def test_the_api_fills_it_too_and_an_empty_rota_degrades(house: House) -> None:
    assert await on_call(house) == (False, "the rota is empty")
    body = {"agent": "a17", "line": 2, "from": "2026-11-25T08:00:00+01:00", "until": "2026-12-01T08:00:00+01:00"}
    for _ in range(2):
        status, rota = await house.api("POST", "/rota", body)
        assert status == 200
    (shift,) = rota["items"]
    assert (shift["agent"], shift["phone"], shift["line"]) == ("a17", "+46313900617", 2)
    assert [gap["from"] for gap in rota["gaps"]] == ["2026-12-01T07:00:00Z"]
    assert await on_call(house) == (False, "nobody on call on line 2 from 2026-12-01T07:00+00:00")
    metrics = await (await house.client.get("/metrics")).text()
    assert "switchyard_oncall_next_gap_seconds 500400.0" in metrics
    assert await watch.complain(house.runtime) == 1
    async with telephony.chores(house.runtime) as chores:
        (complaining,) = [chore for chore in chores if chore.name == "watch"]
    assert complaining.every == 3600
    status, problem = await house.api("POST", "/rota", {**body, "agent": "nobody"})
    assert (status, list(problem["fields"])) == (422, ["agent"])
    await house.api("POST", "/rota", {**body, "agent": "a18", "until": "2027-01-01T08:00:00+01:00"})
    assert (await on_call(house))[0]
    assert (await house.api("DELETE", f"/rota/{shift['id']}"))[0] == 200
    assert (await house.api("DELETE", f"/rota/{shift['id']}"))[0] == 404


async def test_a_hole_and_an_empty_rota_are_told_once_on_the_page_of_alarms_and_by_mail(
    house: House, clock: SetClock
) -> None:
    await house.hire("a01", PASSWORD, "lead")
    assert await alarms(house, clock) == {("rota_empty", "")}
    shift = {"line": 2, "region": "north", "from": NOW.isoformat(), "until": "2026-12-08T12:00:00+00:00"}
    await house.api("POST", "/rota", {**shift, "agent": "a17"})
    assert await alarms(house, clock) == {("rota_gap", "2 north")}
    assert await alarms(house, clock) == {("rota_gap", "2 north")}, "and it is told once"
    said = [alerts.words(house.runtime, "rota_gap", "2 north", 3600, language)[0] for language in ("sv", "en")]
    assert "linje 2, norra Sverige" in said[0]
    assert "line 2, northern Sweden" in said[1]
    assert "line 2 for" in alerts.words(house.runtime, "rota_gap", "2", 3600, "en")[0]
    texts = [
        row["text"] for row in await house.runtime.db.rows("SELECT text FROM message_contents ORDER BY message_id")
    ]
    texts = [text for text in texts if "jour" in text.splitlines()[0].lower()]
    mails = [text.splitlines()[0] for text in texts if "/managers/alarms" in text]
    assert mails == [
        "Jourlistan är tom.",
        "Ingen har jour på linje 2, norra Sverige under 1 d 0 h av de närmaste 14 dagarna.",
    ]
    sms = [text for text in texts if "/managers/alarms" not in text]
    assert len(sms) == 1, "an empty rota is urgent, a hole is not"
    assert sms[0].startswith("Jourlistan är tom. Sätt någon i jour nu")
    await house.log_in("agent01@support.example", PASSWORD)
    page = await (await house.client.get("/managers/alarms")).text()
    assert "Ingen har jour på linje 2, norra Sverige" in page
    assert "sidan Jour visar när" in page
    await house.api("POST", "/rota", {**shift, "agent": "a18", "from": shift["until"], "until": "2027-01-01T08:00:00Z"})
    assert await alarms(house, clock) == set()


async def alarms(house: House, clock: SetClock) -> set[tuple[str, str]]:
    """What stands about the rota when it has been looked at for long enough."""
    for _ in range(2):
        await alerts.look(house.runtime)
        clock.forward(timedelta(minutes=6))
    await alerts.look(house.runtime)
    standing = {(row["kind"], row["key"]) for row in await alerts.standing(house.runtime)}
    return {one for one in standing if one[0].startswith("rota")}


async def test_an_import_takes_a_rota_in_whole_or_not_at_all(house: House, config: Config, tmp_path: Path) -> None:
    file = tmp_path / "rota.csv"
    begin, end = (NOW + timedelta(days=days) for days in (0, 7))
    file.write_text(f"agent_id,line,region,phone,from,until\na17,2,north,,{begin.isoformat()},{end.isoformat()}\n")
    for _ in range(2):
        assert await import_folder(config, tmp_path) == {"rota": 1}
    assert await count(house.runtime.db, "rota") == 1
    file.write_text("agent_id,line,from,until\na17,2,2026-11-25,2026-11-24\nzz,2,2026-11-25,2026-11-26\n")
    with pytest.raises(ImportFaults) as wrong:
        await import_folder(config, tmp_path)
    assert str(wrong.value).splitlines() == [
        "rota.csv:2: until: must be after from",
        "rota.csv:3: agent_id: there is no such agent",
    ]
