"""Who may stay connected to the mail door when many want to.

Pure bookkeeping on a clock that is passed in. Over a cap a new client is told to come back (421), unless one that has
been silent can go instead, whatever it said before; only who sends a mail, or waits to hear that it is kept, is left
alone. So a flood of idle connections keeps nobody out. A share of the places is kept free for clients that have brought
us mail before, and for our own relays, which no cap per address holds back. The bytes of mails that are held in memory
are shared out in the same way.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limits:
    """Figures of the mail door: bytes, seconds, counts."""

    size: int = 25 * 1024 * 1024
    recipients: int = 50
    connections: int = 1000
    connections_per_peer: int = 100
    listening: int = 100  # clients that have left but for the answer to their mail
    kept_free: float = 0.2  # share of `connections` and of `in_flight` that only known clients may use
    silent: float = 1.0  # seconds without a command after which a client that sends no mail may be sent away
    junk: int = 20
    hops: int = 25
    command_timeout: float = 300.0
    data_timeout: float = 900.0
    floor_bytes: int = 60 * 1024  # a mail must come with this many bytes ...
    floor_seconds: float = 60.0  # ... in this time
    in_flight: int = 256 * 1024 * 1024  # bytes of mails being received or kept, all together
    in_flight_per_peer: int = 64 * 1024 * 1024
    answer: float = 30.0  # seconds from the final dot to an answer


class Guest(Protocol):
    """A connection, as far as admission cares."""

    peer: str
    last_heard: float  # when it last said a whole command, on the loop's clock
    has_mail: bool  # whether it sends a mail or waits to hear that it is kept

    def send_away(self, reason: str = ...) -> None: ...


@dataclass(slots=True)
class Doorkeeper:
    """Counts the connections of one door. `relays` are networks that no cap per peer applies to."""

    limits: Limits
    relays: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()
    guests: OrderedDict[int, Guest] = field(default_factory=OrderedDict)
    in_flight: int = 0
    _by_peer: dict[str, int] = field(default_factory=dict)
    _listening: set[int] = field(default_factory=set)
    _held: dict[str, int] = field(default_factory=dict)
    _known: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _near: dict[str, bool] = field(default_factory=dict)

    def admit(self, guest: Guest, now: float) -> bool:
        """Whether a new connection may stay; somebody silent may be sent away for it."""
        relay = self.is_relay(guest.peer)
        crowded = not relay and self._by_peer.get(guest.peer, 0) >= self.limits.connections_per_peer
        if crowded and not self._make_room(now, guest.peer):
            return False
        if len(self.guests) >= self._share(guest.peer, self.limits.connections) and not self._make_room(now, None):
            return False
        self.guests[id(guest)] = guest
        self._by_peer[guest.peer] = self._by_peer.get(guest.peer, 0) + 1
        return True

    def may_listen(self, guest: Guest) -> bool:
        """Whether a client who says no more may stay for its answer, apart from the guests: whether it still listens
        cannot be known before that is said.
        """
        if len(self._listening) >= self.limits.listening:
            return False
        self.leave(guest)
        self._listening.add(id(guest))
        return True

    def leave(self, guest: Guest) -> None:
        self._listening.discard(id(guest))
        if self.guests.pop(id(guest), None) is None:
            return
        left = self._by_peer[guest.peer] - 1
        if left:
            self._by_peer[guest.peer] = left
        else:
            del self._by_peer[guest.peer]

    def fits(self, peer: str, count: int) -> bool:
        """Whether so many bytes more of a client's mails may be held."""
        if self.in_flight + count > self._share(peer, self.limits.in_flight):
            return False
        return self._held.get(peer, 0) + count <= self.limits.in_flight_per_peer or self.is_relay(peer)

    def hold(self, peer: str, count: int) -> None:
        """Count so many bytes of a client's mails as held, until they are let go."""
        self.in_flight += count
        self._held[peer] = self._held.get(peer, 0) + count

    def let_go(self, peer: str, count: int) -> None:
        self.in_flight -= count
        left = self._held.get(peer, 0) - count
        if left > 0:
            self._held[peer] = left
        else:
            self._held.pop(peer, None)

    def brought_mail(self, peer: str) -> None:
        """Remember a client whose mail was kept; the ten thousand latest are."""
        self._known[peer] = None
        self._known.move_to_end(peer)
        if len(self._known) > 10_000:
            self._known.popitem(last=False)

    def _make_room(self, now: float, peer: str | None) -> bool:
        """Send away the client that has been silent for longest, of those that send no mail."""
        idle = [
            guest
            for guest in self.guests.values()
            if not guest.has_mail
            and now - guest.last_heard >= self.limits.silent
            and (peer is None or guest.peer == peer)
        ]
        if not idle:
            return False
        longest = min(idle, key=lambda guest: guest.last_heard)
        self.leave(longest)
        longest.send_away()
        return True

    def _share(self, peer: str, whole: int) -> int:
        """How much of a whole a client may use."""
        known = peer in self._known or self.is_relay(peer)
        return whole if known else int(whole * (1 - self.limits.kept_free))

    def is_relay(self, peer: str) -> bool:
        """Whether a client is a mail server of our own."""
        near = self._near.get(peer)
        if near is None:
            if len(self._near) >= 10_000:
                self._near.clear()
            near = self._near[peer] = _within(peer, self.relays)
        return near


def _within(peer: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in networks)
