"""Every route of the application, for every role, about a case that is another's: a new route is asked by itself."""

from __future__ import annotations

import re

from gateway.clock import SystemClock
from gateway.config import Config
from gateway.people.tokens import hashed, new_token
from gateway.record import agents
from gateway.record.timeline import SYSTEM
from gateway.web.access import room_of
from gateway.web.api.endpoints import BASE
from gateway.web.api.table import ENDPOINTS
from tests.fakes.house import House, open_house

PASSWORD = "a quiet shift for everybody"
STAFF = {"a01": "agent", "a02": "lead", "a03": "manager", "a04": "admin"}
FILLED = {"number": None, "verb": "claim", "act": "disable", "id": "1", "sid": "RE1"}


def filled(path: str, number: str) -> str:
    given = {**FILLED, "number": number}
    return re.sub(r"\{(\w+)\}", lambda found: given.get(found[1]) or "1", path)


async def foreign(house: House) -> str:
    """A case beyond the reach of everybody of these but the administrator."""
    number = (await house.report("The cable is stuck in my car at charger 22809"))["case"]
    for agent, role in STAFF.items():
        await house.hire(agent, PASSWORD, role)
    await house.runtime.db.run("UPDATE agents SET queues = '{billing}' WHERE id IN ('a01', 'a02', 'a03')")
    return str(number)


async def test_every_page_refuses_the_roles_that_its_room_is_not_for_and_cases_beyond_reach(config: Config) -> None:
    async with open_house(config) as house:
        number = await foreign(house)
        routes = {
            (route.method, route.resource.canonical)
            for route in house.app.router.routes()
            if route.resource and route.method in ("GET", "POST")
        }
        assert {path for _, path in routes if room_of(filled(path, number)) is None} == set()
        closed = [(m, p) for m, p in sorted(routes) if (room := room_of(filled(p, number))) and room.roles]
        assert len(closed) > 40
        for agent, role in STAFF.items():
            house.client.session.cookie_jar.clear()
            await house.log_in(f"agent{agent[1:]}@support.example", PASSWORD)
            csrf = {"X-CSRF-Token": await house.csrf("/console")}
            for method, path in closed:
                room = room_of(filled(path, number))
                beyond = "/cases/{number}" in path or "/look/{number}" in path
                if not room or not room.roles or path == "/console/events":
                    continue
                if role in room.roles and not (beyond and role != "admin"):
                    continue
                answer = await house.client.request(
                    method,
                    filled(path, number),
                    headers=csrf,
                    data={} if method == "POST" else None,
                    allow_redirects=False,
                )
                assert answer.status == (404 if role in room.roles else 403), (role, method, path, answer.status)
        house.client.session.cookie_jar.clear()
        for method, path in closed:
            answer = await house.client.request(method, filled(path, number), allow_redirects=False)
            assert answer.status in (303, 401, 403), (method, path, answer.status)
            assert answer.status != 303 or answer.headers["Location"].startswith("/login"), path
        assert (await house.case(number))["assignee"] is None


async def test_every_endpoint_refuses_other_roles_and_cases_beyond_reach(config: Config) -> None:
    async with open_house(config) as house:
        number = await foreign(house)
        holders = {"agent": "a01", "lead": "a02", "manager": "a03", "owner": "o045", "platform": None}
        for role, holder in holders.items():
            token = new_token()
            await agents.add_token(house.runtime.db, hashed(token), role, holder, None, SYSTEM, SystemClock().now())
            for endpoint in ENDPOINTS:
                headers = {"Authorization": f"Bearer {token}"}
                path = BASE + filled(endpoint.path, number)
                beyond = endpoint.path.startswith("/cases/{number}") and endpoint.method == "GET"
                if role in endpoint.roles and not beyond:
                    continue
                answer = await house.client.request(endpoint.method, path, headers=headers)
                wanted = 404 if role in endpoint.roles else 403
                assert answer.status == wanted, (role, endpoint.method, endpoint.path, answer.status)
        for endpoint in ENDPOINTS:
            answer = await house.client.request(endpoint.method, BASE + filled(endpoint.path, number))
            assert answer.status == 401, endpoint.path
