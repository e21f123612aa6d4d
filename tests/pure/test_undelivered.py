"""Why a message did not go out: every reason of our own has its code, and those of others are understood."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from gateway.messages.undelivered import OURS, cause
from tests.fakes.product import ROOT


def said() -> Iterator[str]:
    """The reasons that the outbox and the rules about numbers give."""
    for path in ("gateway/messages/outbox.py", "channels/tolls.py"):
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Return):
                yield from words(node.value)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Delivery" and len(node.args) > 1:
                yield from words(node.args[1])


def words(node: ast.expr | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
        yield node.value


def test_every_reason_of_ours_has_a_code_and_no_code_is_for_nothing() -> None:
    assert set(said()) == set(OURS)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("provider error 21610", "stopped"),
        ("30006", "no_texts"),
        ("550 5.1.1 no such user", "unknown_address"),
        ("552 5.2.2 mailbox full", "refused"),
        ("451 4.3.0 try later", "unanswered"),
        ("the line went dead", None),
        (None, None),
    ],
)
def test_reasons_of_others_are_understood_or_left(reason: str | None, code: str | None) -> None:
    assert cause(reason) == code
