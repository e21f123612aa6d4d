"""Nothing is done from afar at a charger while a case of danger to people is open there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.report import Channel
from gateway.casenumber import parse
from gateway.chargers import in_danger
from gateway.runtime import Runtime
from tests.record.test_intake import report

SMOKE = report("smoke", "Det brinner i laddaren, det ryker kraftigt.", channel=Channel.PHONE, danger=True)
SITE = replace(SMOKE, charger=None, site="s001")


async def _near(runtime: Runtime) -> tuple[str, str]:
    """A charger of the same site as 21007, and one of another site."""
    rows = await runtime.db.rows("SELECT id, site_id = 's001' AS here FROM chargers WHERE id <> '21007' ORDER BY id")
    return next(row["id"] for row in rows if row["here"]), next(row["id"] for row in rows if not row["here"])


async def test_danger_at_a_charger_is_danger_there_alone(runtime: Runtime) -> None:
    beside, elsewhere = await _near(runtime)
    await runtime.intake.accept(report("calm"))
    assert not await in_danger(runtime.db, "21007")
    await runtime.intake.accept(replace(SMOKE, category="safety"))
    assert await in_danger(runtime.db, "21007")
    assert not await in_danger(runtime.db, beside)
    assert not await in_danger(runtime.db, elsewhere)


async def test_danger_somewhere_at_a_site_is_danger_at_each_of_its_chargers(runtime: Runtime) -> None:
    beside, elsewhere = await _near(runtime)
    await runtime.intake.accept(SITE)
    assert await in_danger(runtime.db, "21007")
    assert await in_danger(runtime.db, beside)
    assert not await in_danger(runtime.db, elsewhere)


@pytest.mark.parametrize("over", ["concluded", "closed"])
async def test_danger_that_is_over_is_none(runtime: Runtime, over: str) -> None:
    receipt = await runtime.intake.accept(SMOKE)
    given = {"status": over, "closed": over == "closed", "case": parse(receipt.case)}
    await runtime.db.run(
        "UPDATE cases SET status = %(status)s, concluded_at = opened_at,"
        " closed_at = CASE WHEN %(closed)s THEN opened_at END WHERE id = %(case)s",
        given,
    )
    assert not await in_danger(runtime.db, "21007")
