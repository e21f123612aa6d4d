"""What a group of reports or of calls asks the record is found by keys, however many cases, calls and work there is."""

from collections.abc import Iterator, Mapping
from typing import Any, LiteralString

import pytest
from psycopg.types.json import Jsonb

from gateway.keeping.groups import ALL, REPORTS
from gateway.record import calls, people
from gateway.record.db import BY_INDEX, Database, statements
from tests.record.conftest import NOON

GIVEN: dict[str, Any] = {
    "digests": [b"d"],
    "keys": [1],
    "kinds": ["email"],
    "values": ["a@driver.example"],
    "compared": 4,
    "referred": [1],
    "since": NOON,
    "recent": NOON,
    "concluded": NOON,
    "now": NOON,
    "raws": [b"raw"],
    "asked": "[]",
}
FIRST = """
    SELECT i.indexrelid::regclass::text AS index, coalesce(a.attname, '') AS first
    FROM pg_index i LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"""


# Work that is hardly worth an index, for which a plan was once made that read all work for ever.
LITTLE_WORK = """INSERT INTO work_items (kind, call_sid, queue, line, priority, language, arrived_at, state)
SELECT 'call', 'CA' || n, 'helpdesk', 1, 'P3', 'sv', now(), 'waiting' FROM generate_series(1, 50) AS n"""


@pytest.mark.parametrize("work", [False, True], ids=["no work", "little work"])
@pytest.mark.parametrize(
    "statement",
    [
        ALL,
        REPORTS["arrived"],
        REPORTS["candidates"],
        people.SQL["known"],
        calls.SQL["save"],
        calls.SQL["asked"],
    ],
    ids=["all", "arrived", "candidates", "known", "turns", "asked"],
)
async def test_a_statement_of_a_group_reads_no_table_and_no_index_whole(
    database_url: str, statement: LiteralString, work: bool
) -> None:
    given = GIVEN | {"rows": Jsonb({} if statement is ALL else [])}
    db = Database(database_url, size=1, options=BY_INDEX)
    await db.open()
    try:
        if work:
            await db.run(LITTLE_WORK)
            await db.run("VACUUM ANALYZE work_items")
        row = await db.row(f"EXPLAIN (FORMAT JSON) {statement}", given)
        first = {str(one["index"]): str(one["first"]) for one in await db.rows(FIRST)}
    finally:
        await db.close()
    assert row is not None
    scans = [node for node in _nodes(row["QUERY PLAN"][0]["Plan"]) if "Scan" in node["Node Type"]]
    assert any("Index" in node["Node Type"] for node in scans)
    whole = [node for node in scans if node["Node Type"] == "Seq Scan"]
    whole += [
        node
        for node in scans
        if node["Node Type"].count("Index") and not _found(node.get("Index Cond"), first[node["Index Name"]])
    ]
    assert [(node["Relation Name"], node.get("Index Name")) for node in whole] == []


def _found(condition: str | None, first: str) -> bool:
    """Whether an index is entered by what it is ordered by first."""
    return condition is not None and first in condition


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


PAST = """INSERT INTO cases (id, status, line, queue, priority, category, language, charger_id, site_id, sla_level,
                   timezone, opened_at, last_report_at, concluded_at, closed_at, whole_site, incident)
SELECT 9000000 + n, CASE WHEN n > 2998 THEN 'open' ELSE 'closed' END, 1, 'helpdesk',
       CASE WHEN n > 2999 THEN 'P1' ELSE 'P3' END, 'offline', 'sv',
       'c' || n % 3, 's1', 'basic', 'Europe/Stockholm', now(), now(), ended, ended, n > 2999, n > 2998
FROM generate_series(1, 3000) AS n, LATERAL (SELECT CASE WHEN n <= 2998 THEN now() END AS ended) AS e"""


@pytest.mark.parametrize(
    ("statement", "given"),
    [
        (calls.SQL["asked"], {"asked": '[{"nth":0,"kind":"incident","charger":"c1","site":"s1"}]'}),
        (statements("known")["fault"], {"charger": "c1", "site": "s1"}),
        (statements("known")["danger"], {"charger": "c1"}),
    ],
    ids=["caller", "visitor", "danger"],
)
async def test_what_is_told_of_a_place_is_found_without_reading_its_past(
    database_url: str, statement: LiteralString, given: Mapping[str, Any]
) -> None:
    db = Database(database_url, size=1, options=BY_INDEX)
    await db.open()
    try:
        await db.run(PAST)
        await db.run("ANALYZE cases")
        row = await db.row(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", given)
    finally:
        await db.close()
    assert row is not None
    read = [
        node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        for node in _nodes(row["QUERY PLAN"][0]["Plan"])
        if node.get("Relation Name") == "cases" or node.get("Index Name", "").startswith("cases_")
    ]
    assert 0 < max(read) <= 2
