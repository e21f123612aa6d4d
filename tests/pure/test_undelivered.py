"""Why a message did not go out: every reason of our own has its code, and those of others are understood."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

import pytest

from channels.report import Delivery
from gateway.messages.undelivered import OURS, cause, is_gone
from tests.fakes.product import ROOT


def said() -> Iterator[str]:
    """The reasons that the outbox and the rules about numbers give."""
    for path in ("gateway/messages/outbox.py", "channels/tolls.py"):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        named = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Return):
                yield from words(node.value, named)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Delivery" and len(node.args) > 1:
                yield from words(node.args[1], named)


def words(node: ast.expr | None, named: Mapping[str, ast.expr]) -> Iterator[str]:
    if isinstance(node, ast.Name):
        node = named.get(node.id)
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
        ("552 5.2.2 message exceeds the size left to it", "refused"),
        ("552 mailbox size limit exceeded", "refused"),
        ("552 5.3.4 Error: message file too big", "too_large"),
        ("552 5.2.3 exceeds what we take", "too_large"),
        ("552 Message size exceeds fixed limit", "too_large"),
        ("451 4.3.0 try later", "unanswered"),
        ("the line went dead", None),
        (None, None),
    ],
)
def test_reasons_of_others_are_understood_or_left(reason: str | None, code: str | None) -> None:
    assert cause(reason) == code


@pytest.mark.parametrize(
    ("status", "words", "gone"),
    [
        ("5.1.1", None, True),
        ("5.1.6", "smtp; 550 5.7.1 moved", True),
        ("5.1.7", None, False),
        ("5.2.1", None, True),
        ("5.2.2", None, False),
        ("4.4.7", None, False),
        ("5.0.0", "smtp; 550 5.1.1 <a@b.example>: user unknown", True),
        ("5.0.0", "smtp; 552 5.2.2 mailbox full", False),
        (None, "smtp; 554 5.7.1 blocked, 192.5.1.1 is listed", False),
        ("5.0.0", "smtp; 550 nobody here, says 192.5.7.1", True),
        (None, None, True),
    ],
)
def test_e8_nobody_is_there_where_a_bounce_says_so_or_says_nothing(
    status: str | None, words: str | None, gone: bool
) -> None:
    assert is_gone(Delivery("a@b.example", status=status, diagnostic=words)) is gone
