"""A mailbox's name cannot become a command, and no password goes over an open line."""

from __future__ import annotations

import pytest

from channels.imap_cursor import Cursor, reconcile
from channels.imap_session import Account


@pytest.mark.parametrize("folder", ['IN"BOX', "INBOX\r\nA1 DELETE x", "a\\b", "x\0"])
def test_b49_k15_folder_names_cannot_be_commands(folder: str) -> None:
    with pytest.raises(ValueError, match="quote"):
        Account("imap.example", 993, "u", "p", folder)
    with pytest.raises(ValueError, match="quote"):
        Account("imap.example", 993, "u", "p", move_to=folder)
    with pytest.raises(ValueError, match="quote"):
        Account("imap.example", 993, folder, "p")


def test_b50_no_log_in_in_the_open() -> None:
    with pytest.raises(ValueError, match="TLS"):
        Account("imap.example", 143, "u", "p", tls=False)


def test_passwords_are_not_shown() -> None:
    account = Account("imap.example", 993, "u", "canary")
    assert "canary" not in repr(account) + account.name


def test_an_account_that_does_not_add_up_is_told() -> None:
    whole = Cursor(7, 20, 10, listed=10, taken=7, quarantined=1, unfetched=1, vanished=1)
    entry = reconcile("box", whole, [*range(1, 11), *range(11, 20), 21])
    assert (entry.in_mailbox, entry.waiting) == (20, 11)
    assert entry.adds_up
    assert not reconcile("box", Cursor(7, 20, 10, listed=10, taken=9), range(11, 21)).adds_up
    assert not reconcile("box", Cursor(7, 20, 10, listed=8, taken=8), range(11, 21)).adds_up
