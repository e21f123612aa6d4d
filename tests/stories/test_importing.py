"""Taking in master data: all of it or nothing, told line by line, and again without harm."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.config import Config
from gateway.importing import ImportFaults, import_folder
from gateway.record import agents, sites
from gateway.record.db import Database, statements
from tests.fakes.house import DEMO, count, open_house


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    into = tmp_path / "master"
    into.mkdir()
    for path in DEMO.glob("*.csv"):
        shutil.copy(path, into)
    return into


@pytest.fixture
def config_of_none(config: Config, migrated_database_url: str) -> Config:
    """A configuration with a database in which there is nothing yet."""
    return config.model_copy(update={"database_url": migrated_database_url})


async def version(db: Database) -> int:
    row = await db.row(statements("sites")["version"])
    assert row is not None
    return int(row["version"])


async def test_what_is_taken_in_is_known_to_a_running_process(config: Config, folder: Path) -> None:
    async with open_house(config) as house:
        before = await version(house.runtime.db)
        with (folder / "chargers.csv").open("a", encoding="utf-8") as file:
            file.write("99001,SE*CNX*E99001,s001,Zaptec,Pro,22,1:Type2,2026-01-01\n")
        taken = await import_folder(config, folder)
        assert taken == {"owners": 45, "sites": 71, "chargers": 1219, "agents": 24}
        assert await version(house.runtime.db) == before + 1
        assert (await sites.load(house.runtime.db)).chargers["99001"].site_id == "s001"


async def test_importing_again_changes_nothing_that_is_an_agents_own(config: Config, folder: Path) -> None:
    async with open_house(config) as house:
        db = house.runtime.db
        await house.hire("a01", "secret words", role="manager")
        await agents.set_preferences(db, "a01", language="en", theme="dark")
        async with db.connection() as connection:
            await agents.set_activity(connection, "a01", "busy")
        before = await agents.find(db, "a01")
        for _ in range(2):
            await import_folder(config, folder)
        assert await agents.find(db, "a01") == before
        known = await agents.credentials(db, "Agent01@Support.Example")
        assert known is not None
        assert known.password_hash is not None
        assert await count(db, "agents") == 24


async def test_every_fault_is_told_and_nothing_is_taken_in(config_of_none: Config, folder: Path) -> None:
    with (folder / "sites.csv").open("a", encoding="utf-8") as file:
        file.write("s900,Nowhere,Gatan 1,111 11,Stockholm,1,2,o999,gold,Europe/Atlantis\n")
        file.write("s001,Twice,Gatan 1,111 11,Stockholm,,,o001,basic,Europe/Stockholm\n")
    with (folder / "chargers.csv").open("a", encoding="utf-8") as file:
        file.write("99001,SE*CNX*E99001,s001,Zaptec,Pro,fast,1:Type2,\n")
    with pytest.raises(ImportFaults) as told:
        await import_folder(config_of_none, folder)
    text = str(told.value)
    for fault in (
        "sites.csv:73: sla_level",
        "sites.csv:73: timezone",
        "sites.csv:74: site_id",
        "chargers.csv:1220: power_kw",
    ):
        assert fault in text
    db = Database(config_of_none.database_url or "", size=1)
    await db.open()
    try:
        assert (await count(db, "owners"), await count(db, "sites")) == (0, 0)
    finally:
        await db.close()


async def test_a_charger_of_an_unknown_site_is_a_fault(config_of_none: Config, folder: Path) -> None:
    for name in ("sites.csv", "owners.csv", "agents.csv"):
        (folder / name).unlink()
    with pytest.raises(ImportFaults) as told:
        await import_folder(config_of_none, folder)
    assert len(told.value.faults) == 1218
    assert str(told.value).startswith("chargers.csv: 21007: unknown site s001\n")


async def test_an_empty_folder_and_files_that_are_no_tables_are_faults(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ImportFaults):
        await import_folder(config, tmp_path)
    (tmp_path / "agents.csv").write_bytes(b"\xff\xfe\x00a\x00b")
    with pytest.raises(ImportFaults, match=r"agents\.csv"):
        await import_folder(config, tmp_path)
