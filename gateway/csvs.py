"""Tables as CSV (RFC 4180) that a spreadsheet opens as text: no cell is ever a formula.

A cell in which any line begins with a sign that starts a formula, also a full-width one or one behind blanks, gets an
apostrophe before it; every cell is quoted. The byte order mark tells spreadsheets that it is UTF-8.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

FORMULA = re.compile(r"(?:^|[\r\n])[\s\0]*[=+\-@|%]|^[\t\r\n]")
MARK = "\ufeff"
PLAIN = re.compile(r"-?\d+(?:[.,]\d+)?")


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table with its head; None is an empty cell."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([cell(name) for name in head])
    writer.writerows([cell(value) for value in row] for row in rows)
    return (MARK + file.getvalue()).encode("utf-8", "replace")


def csv_rows(content: bytes) -> Iterator[dict[str, str]]:
    """The rows of a table by the names of its head, as we or a spreadsheet wrote it: commas or semicolons between
    cells, and the apostrophe gone that `cell` put before a sign. Raises UnicodeDecodeError and csv.Error."""
    text = content.decode("utf-8-sig")
    head = text.partition("\n")[0]
    between = ";" if head.count(";") > head.count(",") else ","
    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=between):
        yield {name: _uncelled(value) for name, value in row.items() if name and isinstance(value, str)}


def cell(value: object) -> str:
    """One cell as text that no spreadsheet computes; our own figures stay figures."""
    if value is None:
        return ""
    text = str(value)
    if not isinstance(value, str) and PLAIN.fullmatch(text):
        return text
    return f"'{text}" if FORMULA.search(unicodedata.normalize("NFKC", text)) else text


def _uncelled(text: str) -> str:
    plain = text.removeprefix("'")
    return plain if text != plain and cell(plain) == text else text
