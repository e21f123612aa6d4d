"""What clocks, long transactions and unreadable files do to figures, deadlines and alarms: nothing that lasts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import psycopg
import pytest

from gateway import alerts, escalation
from gateway.clock import SetClock, SystemClock
from gateway.config import Config, ConfigError, load
from gateway.figures import measures
from gateway.record import facts
from tests.fakes.house import House, count, open_house

PASSWORD = "a quiet shift for everybody"
FROM = {"from": {"email": "p@example.com"}}


@pytest.fixture
async def clock() -> SetClock:
    return SetClock(SystemClock().now())


@pytest.fixture
async def house(config: Config, clock: SetClock) -> AsyncIterator[House]:
    async with open_house(config, clock=clock) as house:
        await house.hire("a01", PASSWORD, "manager")
        yield house


class Off(SystemClock):
    """A clock that runs, and is wrong by so much."""

    by = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.by


async def told_of(house: House, kind: str) -> bool:
    await alerts.look(house.runtime)
    await alerts.look(house.runtime)
    return kind in {row["kind"] for row in await alerts.standing(house.runtime)}


async def test_f18_a_transaction_that_stays_open_hides_no_figure_and_holds_up_no_report(
    house: House, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "CHUNK", 7)
    chargers = sorted(house.runtime.directory().chargers)
    assert config.database_url
    with psycopg.connect(config.database_url) as forgotten:  # writes and never commits
        forgotten.execute("UPDATE agents SET name = name WHERE id = 'a03'")
        for nth in range(12):
            case = (await house.report(f"Laddaren {chargers[20 * nth]} startar inte", **FROM))["case"]
            await house.api("POST", f"/cases/{case}/reply", {"as": "a01", "text": "Vi tittar på det."})
        now = house.runtime.clock.now()
        for _ in range(2):
            found = {
                one.measure: one for one in await measures.of_period(house.runtime.db, now, measures.END, None, now)
            }
            assert found["cases_opened"].value == 12
            assert found["answered_share"].value == 1
        forgotten.rollback()
    assert await measures.differences(house.runtime.db, now) == []
    mark = await house.runtime.db.row("SELECT entry, (SELECT max(id) FROM timeline) AS last FROM fact_mark")
    assert mark
    assert mark["entry"] == mark["last"]


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1)])
async def test_f23_a_clock_that_jumps_fires_each_deadline_once_and_makes_no_figure_negative(
    house: House, clock: SetClock, step: timedelta
) -> None:
    case = (await house.report("Laddaren 22809 startar inte", **FROM))["case"]
    begun = clock.now()
    clock.forward(timedelta(minutes=5))
    await escalation.sweep(house.runtime)
    clock.put(clock.now() + step)
    for _ in range(3):
        await escalation.sweep(house.runtime)
    clock.put(begun + timedelta(minutes=6))  # and it is set right again
    for _ in range(3):
        await escalation.sweep(house.runtime)
    await house.api("POST", f"/cases/{case}/reply", {"as": "a01", "text": "Vi tittar på det."})
    told = [(entry["kind"], entry["data"].get("target")) for entry in (await house.case(case))["timeline"]]
    assert told.count(("first_response", None)) == 1
    fired = [one for one in told if one[0] in ("breached", "warned", "line_overdue", "escalated")]
    assert len(fired) == len(set(fired))
    rows = await house.runtime.db.rows("SELECT least(ended, lost) AS wait FROM facts WHERE kind <> 'case'")
    assert all(row["wait"] is None or row["wait"] >= 0 for row in rows)
    assert await measures.differences(house.runtime.db, clock.now()) == []


@pytest.mark.parametrize("skew", [timedelta(hours=1), timedelta(hours=-1), timedelta(minutes=5)])
async def test_b112_f23_a_clock_that_differs_from_the_databases_is_an_alarm(config: Config, skew: timedelta) -> None:
    clock = Off()
    async with open_house(config, clock=clock) as house:
        assert not await told_of(house, "clock_skew")
        clock.by = skew
        assert await told_of(house, "clock_skew")
        clock.by = timedelta(0)
        await alerts.look(house.runtime)
        assert "clock_skew" not in {row["kind"] for row in await alerts.standing(house.runtime)}


async def test_f45_rules_that_cannot_be_read_leave_the_old_ones_in_force_and_are_an_alarm(
    config: Config,
) -> None:
    folder = config.data_dir / "rules"
    folder.mkdir(parents=True)
    async with open_house(config) as house:
        before = house.runtime.rules()
        (folder / "sla.toml").write_bytes(b"\xff\xfe not a rule")
        looked = house.runtime.rule_faults.__closure__
        assert looked
        (ruling,) = (cell.cell_contents for cell in looked)
        await ruling.look()
        assert house.runtime.rules() is before
        assert await told_of(house, "rules_refused")
        assert (await house.report("Laddaren 22809 startar inte"))["case"]
        (folder / "sla.toml").unlink()
        await ruling.look()
        await alerts.look(house.runtime)
        assert await alerts.standing(house.runtime) == []
        assert await count(house.runtime.db, "reports") == 1


async def test_f45_a_secret_that_cannot_be_read_stops_the_next_start_and_not_what_runs(
    house: House, environ: dict[str, str]
) -> None:
    secret = house.runtime.config.data_dir / "secrets" / "ADMIN_TOKEN"
    kept = secret.read_text()
    secret.unlink()
    secret.mkdir()  # whatever reads it gets an error, root too
    secret.chmod(0o700)
    assert (await house.report("Laddaren 22809 startar inte"))["case"]  # by the token that was read at the start
    with pytest.raises(ConfigError) as refused:
        load({**environ, "DATA_DIR": str(house.runtime.config.data_dir)})
    assert [fault for fault in refused.value.faults if fault.startswith("ADMIN_TOKEN")]
    assert kept
