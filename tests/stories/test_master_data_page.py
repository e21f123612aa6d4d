"""Owners, sites and chargers come in by a page: seen first, then all of it or nothing."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from html import unescape

import pytest
from aiohttp import ClientResponse, FormData

from gateway.config import Config
from gateway.csvs import csv_bytes, csv_rows
from gateway.record import sites, staff
from tests.fakes.house import DEMO, House, open_house

EMAIL, PASSWORD, PAGE = "agent01@support.example", "correct horse battery", "/managers/master"
HEAD = "charger_id,evse_id,site_id,vendor,model,power_kw,connectors,installed_on"
SITE = "site_id,name,street,postcode,city,owner_id,sla_level,timezone"
NEW = f"{HEAD}\n99001,SE*CNX*E99001,s001,Zaptec,<Pro>,22,1:Type2,2026-01-01\n"
TEXTS = re.compile(r'<textarea name="([^"]+)"[^>]*>\n(.*?)</textarea>', re.DOTALL)


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config) as opened:
        await opened.hire("a01", PASSWORD, "manager")
        await opened.log_in(EMAIL, PASSWORD)
        yield opened


async def send(house: House, **files: bytes) -> ClientResponse:
    """Choose files on the page, as a browser does."""
    form = FormData(default_to_multipart=True)
    form.add_field("csrf", await house.csrf(PAGE))
    for name, content in files.items():
        form.add_field("files", io.BytesIO(content), filename=f"{name}.csv", content_type="text/csv")
    return await house.client.post(PAGE, data=form)


async def take(house: House, page: str) -> ClientResponse:
    """Press the button below what would change."""
    return await taken(house, {name: unescape(text) for name, text in TEXTS.findall(page)})


async def taken(house: House, fields: dict[str, str], csrf: str | None = None) -> ClientResponse:
    form = FormData({"csrf": csrf or await house.csrf(PAGE), **fields}, default_to_multipart=True)
    return await house.client.post(f"{PAGE}/taken", data=form)


async def chargers(house: House) -> set[str]:
    return set((await sites.load(house.runtime.db)).chargers)


async def test_what_would_change_is_seen_first_and_taken_in_by_a_button(house: House) -> None:
    answer = await send(house, chargers=NEW.encode())
    page = await answer.text()
    assert answer.status == 200
    assert "&lt;Pro&gt;" in page
    assert "99001" not in await chargers(house)
    assert (await take(house, page)).status == 200
    assert "99001" in await chargers(house)
    (done, *_) = await staff.acts(house.runtime.db)
    assert (done["act"], done["actor_id"], done["data"]) == ("imported", "a01", {"chargers": 1})


@pytest.mark.parametrize("table", ["owners", "sites", "chargers"])
async def test_what_is_taken_along_comes_back_without_a_change(house: House, table: str) -> None:
    content = await (await house.client.get(f"{PAGE}/{table}.csv")).read()
    assert content.decode().count("\r\n") == len((DEMO / f"{table}.csv").read_text().splitlines())
    answer = await send(house, **{table: content})
    assert answer.status == 200
    assert "/managers/master/taken" not in await answer.text()


async def test_a_changed_cell_is_shown_with_what_stood_there(house: House) -> None:
    content = await (await house.client.get(f"{PAGE}/sites.csv")).text()
    page = await (await send(house, sites=content.replace('"premium"', '"basic"', 1).encode())).text()
    assert page.count('<span class="muted">sla_level</span>') == 1
    assert '<td class="text">premium</td><td class="text">basic</td>' in page


async def test_a_list_that_is_longer_than_other_forms_may_be_is_taken_in(house: House) -> None:
    rows = (f"{number},SE*CNX*E{number},s001,Zaptec,Pro,22,1:Type2,2026-01-01" for number in range(90000, 96000))
    page = await (await send(house, chargers="\n".join([HEAD, *rows]).encode())).text()
    assert (await take(house, page)).status == 200
    assert "95999" in await chargers(house)


async def test_a_spreadsheet_may_part_cells_by_semicolons(house: House) -> None:
    page = await (await send(house, chargers=("\ufeff" + NEW.replace(",", ";")).encode())).text()
    await take(house, page)
    assert "99001" in await chargers(house)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("chargers", NEW.replace(",22,", ",fast,"), "chargers.csv:2: power_kw: Ska vara ett tal."),
        ("chargers", NEW.replace(",22,", ",-1,"), "chargers.csv:2: power_kw: Ska vara minst 0"),
        (
            "chargers",
            NEW.replace("2026-01-01", "snart"),
            "chargers.csv:2: installed_on: Ska vara ett datum som 2026-11-27.",
        ),
        ("chargers", NEW.replace("s001", "s999"), "chargers.csv: 99001: Okänd anläggning s999."),
        ("owners", "owner_id,language\no9,sv\n", "owners.csv:2: organisation: Får inte vara tomt."),
        ("owners", "owner_id,organisation\no9,\n", "owners.csv:2: organisation: Får inte vara tomt."),
        (
            "sites",
            f"{SITE}\ns9,S,,,Umeå,o001,gold,\n",
            "sites.csv:2: sla_level: Ska vara något av basic, plus, premium.",
        ),
        ("sites", f"{SITE}\ns9,S,,,Umeå,o001,basic,Mars\n", "sites.csv:2: timezone: Är ingen tidszon."),
        ("agents", "agent_id,name\nx,X\n", "agents.csv: Är ingen av owners.csv"),
        ("chargers", "\udcff", "chargers.csv: Kan inte läsas"),
    ],
)
async def test_faults_are_told_line_by_line_and_nothing_is_changed(
    house: House, name: str, content: str, fault: str
) -> None:
    before = await chargers(house)
    answer = await send(house, **{name: content.encode("utf-8", "surrogateescape")})
    assert answer.status == 422
    assert fault in unescape(await answer.text())
    assert (await taken(house, {"chargers.csv": NEW.replace("s001", "s999")})).status == 422
    assert await chargers(house) == before


async def test_a_file_that_comes_twice_under_two_names_is_a_fault(house: House) -> None:
    answer = await send(house, chargers=NEW.encode(), Chargers=NEW.encode())
    assert answer.status == 422
    assert "Chargers.csv: Står två gånger." in await answer.text()


async def test_no_file_and_no_right_are_said(house: House) -> None:
    assert (await send(house)).status == 422
    assert (await taken(house, {})).status == 422
    await house.runtime.db.run("UPDATE agents SET sites = '{s001}' WHERE id = 'a01'")
    csrf = await house.csrf("/console/me")
    for path in (PAGE, f"{PAGE}/owners.csv"):
        assert (await house.client.get(path)).status == 403
    assert (await taken(house, {"chargers.csv": NEW}, csrf)).status == 403
    assert (await house.client.post(PAGE, data={"csrf": csrf})).status == 403


def test_what_a_cell_guards_against_a_spreadsheet_is_read_as_it_was() -> None:
    cells = ["+46701740001", "'quoted'", "=1+1", "'=1+1", "plain", "", "-5", "a\nb"]
    (row,) = csv_rows(csv_bytes([str(nth) for nth in range(len(cells))], [cells]))
    assert list(row.values()) == [text if text != "'=1+1" else "=1+1" for text in cells]
