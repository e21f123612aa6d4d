"""Who may stay at the mail door, and how much of whose mails it holds, when many want to."""

from __future__ import annotations

import ipaddress

from channels.smtp_limits import Doorkeeper, Limits

NEAR = (ipaddress.ip_network("10.0.0.0/8"),)


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
