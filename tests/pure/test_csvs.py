"""Tables for spreadsheets: nothing that anybody wrote is ever computed there."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.csvs import cell, csv_bytes

DANGEROUS = [
    "=cmd|'/C calc'!A1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "fine\n=1",
    "fine\r\n@x",
    " =1",
    "﹦1",
    "|x",
]


@pytest.mark.parametrize("text", DANGEROUS)
def test_b89_what_begins_a_formula_becomes_text(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert csv_bytes(["a"], [[text]]).decode("utf-8-sig").splitlines()[1].startswith("\"'")


@pytest.mark.parametrize("value", ["Laddaren", "1042-9", "2026-11-25 04:00", "a=b", -3, 4.5, None, ""])
def test_b89_ordinary_cells_stay_as_they_are(value: object) -> None:
    assert cell(value) == ("" if value is None else str(value))


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), min_size=1, max_size=4))
def test_b89_every_table_reads_back_whole_and_no_line_begins_a_formula(row: list[str]) -> None:
    head, read = list(csv.reader(io.StringIO(csv_bytes(row, [row]).decode("utf-8-sig"), newline="")))
    for written, back in zip(row, read, strict=True):
        assert back in (written, f"'{written}")
        if back == written:
            lines = unicodedata.normalize("NFKC", back).replace("\r", "\n").split("\n")
            assert not any(line.lstrip().startswith(tuple("=+-@")) for line in lines)
    assert head == read
