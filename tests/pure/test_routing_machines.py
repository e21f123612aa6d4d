"""One thing that is watched has one subject, whatever it says of how the thing is."""

from __future__ import annotations

import pytest

from routing.machines import about, is_well


@pytest.mark.parametrize(
    ("ill", "well"),
    [
        ("** PROBLEM Service Alert: gw-12/OCPP is CRITICAL **", "** RECOVERY Service Alert: gw-12/OCPP is OK **"),
        ("Problem: Unavailable by ping: sw-2", "Resolved in 12m 4s: Unavailable by ping: sw-2"),
        ("Problem: Host is down", "Resolved: Host is down"),
        ("Monitor is DOWN: Brf Eken", "Monitor is UP: Brf Eken"),
        ("[FIRING:1] Charger offline (Eken 22809)", "[RESOLVED] Charger offline (Eken 22809)"),
        ("[Alerting] CPU 95 % on gw-3", "[OK] CPU 12.5 % on gw-3"),
        ("Larm: Ladduttag 12 nere sedan 08:12", "Återställt: Ladduttag 12 uppe efter 15 minuter"),
        ("Alarm: Gateway 7 nede 2026-10-01", "Løst: Gateway 7 oppe 2026-10-02"),
        ("Advarsel: Gateway 7 nede", "Genoprettet: Gateway 7 oppe"),
        ("Hälytys: yhdyskäytävä 7", "Palautunut: yhdyskäytävä 7"),
        ("Störung: Ladepunkt 7 ausgefallen", "Behoben: Ladepunkt 7 wieder ok"),
    ],
)
def test_what_is_well_again_is_the_same_thing(ill: str, well: str) -> None:
    assert about(ill) == about(well) != frozenset()
    assert not is_well(ill)
    assert is_well(well)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Problem: gw-12 down", "Problem: gw-13 down"),
        ("Charger 12 offline", "Charger 13 offline"),
        ("PROBLEM: OCPP on gw-12", "PROBLEM: Disk on gw-12"),
        ("Monitor is DOWN: Brf Eken", "Monitor is DOWN: Brf Linden"),
        ("Alert for 10.0.4.17", "Alert for 10.0.4.18"),
    ],
)
def test_another_thing_is_another(one: str, other: str) -> None:
    assert about(one) != about(other)
