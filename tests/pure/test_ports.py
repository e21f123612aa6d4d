"""Sockets for the processes that share a port."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack

import pytest

from gateway.hosting import ports

HOST = "127.0.0.1"


def test_each_process_has_visitors_and_nobody_is_lost() -> None:
    held = ports.listening(HOST, 0, 2)
    port = ports.port_of(held[0])
    assert port == ports.port_of(held[1])
    with ExitStack() as visitors:
        for _ in range(64):
            visitors.enter_context(socket.create_connection((HOST, port), timeout=5))
        greeted = [[visitors.enter_context(one) for one in ports.waiting(listeners)] for listeners in held]
        assert sum(map(len, greeted)) == 64
        if sys.platform.startswith("linux"):
            assert min(map(len, greeted)) > 8  # one in ten million by chance
        assert [ports.waiting(listeners) for listeners in held] == [[], []]
    ports.close(held)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), timeout=5)


@pytest.mark.parametrize("others", [1, 2])
@pytest.mark.parametrize("ours", [1, 2])
def test_nobody_else_listens_there(others: int, ours: int) -> None:
    theirs = ports.listening(HOST, 0, others)
    with pytest.raises(OSError, match="in use"):
        ports.listening(HOST, ports.port_of(theirs[0]), ours)
    ports.close(theirs)


def test_every_address_of_a_host_has_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    two = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("127.0.0.1", "127.0.0.2")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: two)
    (listeners,) = ports.listening("both", 0)
    assert [one.getsockname()[0] for one in listeners] == ["127.0.0.1", "127.0.0.2"]
    assert len({one.getsockname()[1] for one in listeners}) == 1
    ports.close([listeners])


def test_a_port_for_later_is_none_that_the_kernel_gives_to_others() -> None:
    found = [ports.unclaimed(HOST) for _ in range(5)]
    assert all(10_240 <= port < 32_768 for port in found)
    held = ports.listening(HOST, found[0])
    assert ports.port_of(held[0]) == found[0]
    ports.close(held)
