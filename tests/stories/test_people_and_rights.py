"""People and rights: second factor, sessions that end, staff by page and by command, reach, and who heard what."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pyotp
import pytest
from aiohttp import ClientResponse

from gateway.casenumber import parse
from gateway.clock import SetClock, SystemClock
from gateway.config import Config
from gateway.importing import ImportFaults
from gateway.people import staffing
from tests.fakes.house import House, open_house

EMAIL, PASSWORD, OTHER = "agent01@support.example", "correct horse battery", "many words make it good"
STUCK = "The cable is stuck in my car at charger 22809 and I cannot leave"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(SystemClock().now())


@pytest.fixture
async def house(config: Config, clock: SetClock) -> AsyncIterator[House]:
    async with open_house(config, clock=clock) as opened:
        await opened.hire("a01", PASSWORD)
        await opened.log_in(EMAIL, PASSWORD)
        yield opened


async def post(house: House, path: str, page: str = "/console/me", **fields: str) -> ClientResponse:
    csrf = await house.csrf(page)
    return await house.client.post(path, data={"csrf": csrf, **fields}, allow_redirects=False)


async def inside(house: House) -> bool:
    return (await house.client.get("/console", allow_redirects=False)).status == 200


async def test_a_second_factor_is_taken_into_use_and_every_code_of_it_is_good_once(
    house: House, clock: SetClock
) -> None:
    assert (await post(house, "/console/me/totp/begin", old="wrong")).status == 422
    assert (await post(house, "/console/me/totp/begin", old=PASSWORD)).status == 303
    page = await (await house.client.get("/console/me")).text()
    found = re.search(r"otpauth://totp/[^\"]*secret=([A-Z2-7]+)", page)
    assert found
    totp = pyotp.TOTP(found[1])
    assert (await post(house, "/console/me/totp/confirm", code="000000")).status == 422
    confirmed = await post(house, "/console/me/totp/confirm", code=totp.at(clock.now()))
    codes = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", await confirmed.text())
    assert len(set(codes)) == 10
    kept = str(await house.runtime.db.rows("SELECT * FROM agents"))
    assert not any(code in kept for code in codes)
    for code, status in (("", 403), (totp.at(clock.now()), 403), (codes[0].upper(), 303), (codes[0], 403)):
        assert (await house.log_in(EMAIL, PASSWORD, code=code)).status == status, code
    clock.forward(timedelta(seconds=60))
    now = totp.at(clock.now())
    assert [(await house.log_in(EMAIL, PASSWORD, code=now)).status for _ in range(2)] == [303, 403]
    assert (await post(house, "/console/me/totp/end", old=PASSWORD)).status == 303
    assert (await house.log_in(EMAIL, PASSWORD)).status == 303


async def test_a_new_password_ends_every_other_session_and_gives_this_one_a_new_id(house: House) -> None:
    def cookie() -> str:
        return next(one.value for one in house.client.session.cookie_jar if one.key == "switchyard")

    first = cookie()
    house.client.session.cookie_jar.clear()
    await house.log_in(EMAIL, PASSWORD)
    for fields, status in (
        ({"old": "wrong", "new": OTHER, "again": OTHER}, 422),
        ({"old": PASSWORD, "new": "short", "again": "short"}, 422),
        ({"old": PASSWORD, "new": "aaaaaaaaaaaaaaaa", "again": "aaaaaaaaaaaaaaaa"}, 422),
        ({"old": PASSWORD, "new": OTHER, "again": "other"}, 422),
        ({"old": PASSWORD, "new": OTHER, "again": OTHER}, 303),
    ):
        before = cookie()
        answer = await post(house, "/console/me/password", **fields)
        assert answer.status == status, await answer.text()
    assert cookie() != before
    assert await inside(house)
    house.client.session.cookie_jar.update_cookies({"switchyard": first}, house.client.make_url("/"))
    assert not await inside(house)


async def test_a_change_of_rights_closes_open_streams_within_seconds(config: Config) -> None:
    async with open_house(config) as house:
        await house.hire("a01", PASSWORD)
        await house.log_in(EMAIL, PASSWORD)
        async with house.client.get("/console/events") as stream:
            await stream.content.readline()
            await staffing.change(house.runtime.config, "a01", "logout")
            async with asyncio.timeout(8):
                await stream.content.read()
        assert not await inside(house)


async def test_staff_are_taken_in_changed_and_let_go_by_those_who_may(house: House) -> None:
    assert (await house.client.get("/console/people")).status == 403
    await house.hire("a01", role="manager")
    await house.log_in(EMAIL, PASSWORD)
    person = {"name": "Kim", "email": "kim@support.example", "role": "agent", "line": "1", "languages": "sv;fi"}
    people = "/console/people"
    assert (await post(house, people, people, **{**person, "id": "bad id"})).status == 422
    assert (await post(house, people, people, **{**person, "id": "k1", "email": EMAIL})).status == 422
    assert (await post(house, people, people, **{**person, "id": "k1", "role": "admin"})).status == 422
    assert (await post(house, people, people, **{**person, "id": "k1", "queues": "nowhere"})).status == 422
    assert (await post(house, people, people, **{**person, "id": "k1", "queues": "billing"})).status == 303
    shown = await (await post(house, f"{people}/k1/password", f"{people}/k1")).text()
    found = re.search(r'<code class="secret">([^<]+)</code>', shown)
    assert found
    for own in ("save", "disable", "password"):
        assert (await post(house, f"{people}/a01/{own}", people, **person)).status == 403
    csv = "agent_id,name,email,line,languages,role\nk2,Lo,lo@support.example,2,sv,\nk3,,lo,9,,\n"
    assert (await post(house, f"{people}/import", people, csv=csv)).status == 422
    assert (await post(house, f"{people}/import", people, csv=csv.rpartition("k3")[0])).status == 303
    assert "Lo" in await (await house.client.get(people)).text()
    assert (await house.log_in("kim@support.example", found[1])).status == 303
    await staffing.change(house.runtime.config, "k1", "disable")
    assert not await inside(house)
    assert (await house.log_in("kim@support.example", found[1])).status == 403
    acts = [row["act"] for row in await house.runtime.db.rows("SELECT act FROM audit ORDER BY id")]
    assert {"agent_added", "password_set", "agent_disabled"} <= set(acts)


async def test_the_first_agents_are_let_in_from_the_command_line(house: House) -> None:
    config = house.runtime.config
    fields = {"agent_id": "c1", "name": "C", "email": "c1@support.example", "line": 1, "languages": "sv"}
    fields["role"] = "admin"
    password = await staffing.add(config, fields)
    assert (await house.log_in("c1@support.example", password)).status == 303
    assert (await house.client.get("/console/people")).status == 200
    assert await staffing.password(config, "c1", OTHER) == OTHER
    assert not await inside(house)
    assert any(line.startswith("c1\tadmin") for line in await staffing.everyone(config))
    unknown = staffing.change(config, "x", "enable")
    for wrong in (staffing.add(config, fields), staffing.password(config, "c1", "short"), unknown):
        with pytest.raises(staffing.NotDone):
            await wrong
    with pytest.raises(ImportFaults):
        await staffing.take_list(config, "agent_id,name\n")


async def test_what_lies_beyond_an_agents_reach_does_not_exist_for_them(house: House) -> None:
    near, far = (await house.report(STUCK))["case"], (await house.report("I was charged twice on my invoice"))["case"]
    await house.runtime.db.run("UPDATE agents SET queues = '{billing}' WHERE id = 'a01'")
    listed = await (await house.client.get("/console")).text()
    assert far in listed
    assert near not in listed
    assert near not in await (await house.client.get("/console?q=stuck")).text()
    assert (await house.client.get(f"/console/cases/{near}")).status == 404
    assert (await post(house, f"/console/cases/{near}/claim", "/console")).status == 404
    assert (await post(house, f"/console/cases/{far}/attach", "/console", case=near)).status == 422
    report = (await house.case(near))["reports"][0]["id"]
    assert (await post(house, f"/console/cases/{far}/fetch", "/console", report=str(report))).status == 422
    gone = await post(house, f"/console/cases/{far}/hand_over", "/console", to="operations", reason="not money")
    assert gone.headers["Location"] == "/console?done=beyond"
    await house.api("POST", f"/cases/{near}/claim", {"as": "a01"})
    assert (await house.client.get(f"/console/cases/{near}")).status == 200


async def test_who_listens_to_a_recording_is_written_down(house: House) -> None:
    number = (await house.report(STUCK))["case"]
    runtime = house.runtime
    digest = bytes.fromhex(await runtime.blobs.keep(b"RIFF0000WAVE"))
    report = (await house.case(number))["reports"][0]["id"]
    given = {"sha": digest, "report": report, "now": runtime.clock.now()}
    await runtime.db.run(
        "INSERT INTO recordings (sid, call_sid, report_id, state, seconds, sha256, created_at)"
        " VALUES ('RE1', 'CA1', %(report)s, 'fetched', 12, %(sha)s, %(now)s)",
        given,
    )
    await runtime.db.run("INSERT INTO transcripts VALUES ('RE1', 'sv', 'Kabeln sitter fast <b>')")
    page = await (await house.client.get(f"/console/cases/{number}")).text()
    assert "/console/recordings/RE1" in page
    assert "Kabeln sitter fast &lt;b&gt;" in page
    answer = await house.client.get("/console/recordings/RE1")
    assert (answer.status, answer.content_type, await answer.read()) == (200, "audio/wav", b"RIFF0000WAVE")
    row = await runtime.db.row("SELECT actor_id, object, data FROM audit WHERE act = 'recording_heard'")
    assert row == {"actor_id": "a01", "object": "RE1", "data": {"case": parse(number)}}
    await runtime.db.run("UPDATE agents SET queues = '{billing}' WHERE id = 'a01'")
    assert (await house.client.get("/console/recordings/RE1")).status == 404
    heard = await runtime.db.rows("SELECT id FROM audit WHERE act = 'recording_heard'")
    assert len(heard) == 1


NOBODY = {"id": "k1", "name": "Kim", "email": "kim@support.example", "role": "agent", "line": "1", "languages": "sv"}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"email": "x"}, "Är ingen e-postadress."),
        ({"email": "kim@support"}, "Är ingen e-postadress."),
        ({"email": "Kim <kim@support.example>"}, "Är ingen e-postadress."),
        ({"email": ""}, "Får inte vara tomt."),
        ({"name": " "}, "Får inte vara tomt."),
        ({"id": "två ord"}, "Får bara ha bokstäver a till z, siffror, - och _."),
        ({"max_calls": "99"}, "Får vara högst 20."),
        ({"max_cases": "flera"}, "Ska vara ett heltal."),
    ],
)
async def test_what_a_browser_would_have_stopped_is_refused_in_the_pages_words(
    house: House, wrong: dict[str, str], told: str
) -> None:
    await house.hire("a01", role="manager")
    await house.log_in(EMAIL, PASSWORD)
    people = "/console/people"
    answer = await post(house, people, people, **{**NOBODY, **wrong})
    assert answer.status == 422
    shown = await answer.text()
    assert told in shown
    assert not re.search(r"Field required|Input should|String should|Value error", shown)
    row = {**NOBODY, **wrong}
    row["agent_id"] = row.pop("id")
    taken = await post(house, f"{people}/import", people, csv=f"{','.join(row)}\n{','.join(row.values())}")
    assert taken.status == 422
    assert told in await taken.text()


@pytest.mark.parametrize("name", ["", "   "])
async def test_a_key_is_made_only_for_a_system_that_is_named(house: House, name: str) -> None:
    await house.hire("a01", role="admin")
    await house.log_in(EMAIL, PASSWORD)
    keys = "/managers/keys"
    answer = await post(house, keys, keys, name=name, role="lead")
    assert answer.status == 422
    assert "Ange vilket system den är för." in await answer.text()
    assert "Inget system har någon nyckel ännu." in await (await house.client.get(keys)).text()
    assert (await post(house, keys, keys, name="Driftpanelen", role="lead")).status == 200
