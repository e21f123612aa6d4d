"""Sockets that listen, for the processes that share a port.

On Linux each process has a socket of its own and the kernel deals visitors out to them, evenly whoever is awake; all of
them hold all sockets, so that nobody who came to a process that died, or stands still, is lost. Elsewhere they share
one.
"""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress

BACKLOG = 128  # visitors that wait to be greeted
Listeners = Sequence[socket.socket]  # one for each address of a host


def listening(host: str, port: int, processes: int = 1) -> list[Listeners]:
    """For each process, `port` (or one that is free for 0) on every address of `host`. Raises OSError."""
    alone = _bound(host, port, dealt=False)  # fails when anybody else listens, also whoever would share
    if processes == 1:
        return [alone]
    if not sys.platform.startswith("linux"):
        return [alone] * processes
    close([alone])
    held: list[Listeners] = []
    try:
        for _ in range(processes):
            held.append(_bound(host, port_of(held[0]) if held else port, dealt=True))
    except OSError:
        close(held)
        raise
    return held


def unclaimed(host: str = "127.0.0.1") -> int:
    """A port for somebody who will listen there a little later. It is none of those that the kernel gives to whoever
    asks for any or goes out (Linux: from 32768, RFC 6335: from 49152), so that nobody gets it meanwhile by chance."""
    for port in random.SystemRandom().sample(range(10_240, 32_768), 50):
        with suppress(OSError):
            close([_bound(host, port, dealt=False)])
            return port
    with socket.socket() as listener:
        listener.bind((host, 0))
        found: int = listener.getsockname()[1]
        return found


def port_of(listeners: Listeners) -> int:
    port: int = listeners[0].getsockname()[1]
    return port


def close(held: Iterable[Listeners]) -> None:
    """Close them for this process."""
    for listeners in held:
        for one in listeners:
            one.close()


def waiting(listeners: Listeners) -> list[socket.socket]:
    """Accept whoever waits behind these; as many as can be."""
    visitors: list[socket.socket] = []
    for listener in listeners:
        listener.setblocking(False)
        with suppress(OSError):  # nobody, or no room for more
            while True:
                visitor, _ = listener.accept()
                visitor.setblocking(False)
                visitors.append(visitor)
    return visitors


def _bound(host: str, port: int, *, dealt: bool) -> list[socket.socket]:
    addresses = dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE))
    bound: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in addresses:
            one = socket.socket(family, kind, protocol)
            bound.append(one)
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if dealt:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind((address[0], port or (port_of(bound) if len(bound) > 1 else 0), *address[2:]))
            one.listen(BACKLOG)
    except OSError:
        close([bound])
        raise
    return bound
