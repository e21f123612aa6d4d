"""Who may stay at the mail door, and how much of whose mails it holds, when many want to."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from channels.smtp_limits import Doorkeeper, Limits

NEAR = (ipaddress.ip_network("10.0.0.0/8"),)


@dataclass
class Client:
    peer: str
    last_heard: float
    has_mail: bool = False
    gone: bool = False

    def send_away(self, reason: str = "") -> None:
        self.gone = True


def test_b29_the_longest_silent_makes_room_unless_it_sends_a_mail() -> None:
    keeper = Doorkeeper(Limits(connections=5, kept_free=0.2, silent=1.0), NEAR)
    sending, late, early, recent = clients = [
        Client("192.0.2.1", 0.0, has_mail=True),
        Client("192.0.2.1", 6.0),
        Client("192.0.2.2", 5.0),
        Client("192.0.2.2", 9.5),
    ]
    assert all(keeper.admit(client, 4.0) for client in clients)
    assert keeper.admit(Client("192.0.2.3", 10.0), 10.0)
    assert [client.gone for client in (sending, late, early, recent)] == [False, False, True, False]
    assert keeper.admit(Client("192.0.2.3", 10.0), 10.0)
    assert late.gone
    assert not keeper.admit(Client("192.0.2.3", 10.0), 10.0)
    assert not sending.gone
    assert not recent.gone


def test_b29_one_client_has_a_share_of_the_places_and_our_own_relays_as_many_as_they_want() -> None:
    keeper = Doorkeeper(Limits(connections=20, connections_per_peer=2, kept_free=0.2, silent=1.0), NEAR)
    assert [keeper.admit(Client("192.0.2.1", 5.0), 5.0) for _ in range(3)] == [True, True, False]
    assert keeper.admit(Client("192.0.2.2", 5.0), 5.0)
    assert all(keeper.admit(Client("10.0.0.1", 5.0), 5.0) for _ in range(13))
    assert not keeper.admit(Client("192.0.2.3", 5.0), 5.0), "the rest is for those we know"
    keeper.brought_mail("192.0.2.3")
    assert keeper.admit(Client("192.0.2.3", 5.0), 5.0)


def test_one_client_s_mails_and_all_of_strangers_leave_room_for_others() -> None:
    keeper = Doorkeeper(Limits(in_flight=1000, in_flight_per_peer=300, kept_free=0.2), NEAR)
    keeper.hold("192.0.2.1", 300)
    assert not keeper.fits("192.0.2.1", 1)
    assert keeper.fits("192.0.2.2", 300)
    keeper.hold("192.0.2.2", 300)
    assert keeper.fits("192.0.2.3", 200)
    assert not keeper.fits("192.0.2.3", 201), "the rest is for those we know"
    keeper.brought_mail("192.0.2.3")
    assert keeper.fits("192.0.2.3", 300)
    assert keeper.fits("10.0.0.1", 400), "our own relays are held back by no cap of theirs"
    assert not keeper.fits("10.0.0.1", 401)
    keeper.let_go("192.0.2.1", 300)
    assert keeper.fits("192.0.2.1", 300)
    assert keeper.in_flight == 300


def test_b36_few_may_listen_who_say_no_more_and_they_take_nobodys_place() -> None:
    keeper = Doorkeeper(Limits(connections=2, kept_free=0.0, listening=1))
    first, second = (Client("192.0.2.1", 0.0, has_mail=True) for _ in range(2))
    assert all(keeper.admit(client, 0.0) for client in (first, second))
    assert keeper.may_listen(first)
    assert not keeper.may_listen(second)
    assert keeper.admit(Client("192.0.2.2", 0.0), 0.0)
    keeper.leave(first)
    assert keeper.may_listen(second)
