"""Was everything taken in? What each channel's own ledger says came, day by day, against what is in reports."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby

from aiohttp import web

from gateway.languages import N_
from gateway.ledgers import signing
from gateway.record import accounts, facts, mailboxes
from gateway.record.accounts import DOORS, PROVIDER, Account
from gateway.web.console.frame import frame
from gateway.web.keys import runtime_of
from gateway.web.pages import page
from gateway.web.problems import Problem

DAYS = 14


def add_routes(app: web.Application) -> None:
    app.router.add_get("/managers/accounts", show)
    app.router.add_get(r"/managers/accounts/{seal:[\w-]{1,40}}.txt", sheet)


async def show(request: web.Request) -> web.StreamResponse:
    """The accounts of the last two weeks, the newest day first, and below them that of each mailbox."""
    runtime = runtime_of(request)
    since = facts.day_of(runtime.clock.now()) - timedelta(days=DAYS - 1)
    found = await accounts.lately(runtime.db, since)
    shown = {
        "days": [(facts.midnight(day), list(of)) for day, of in groupby(found, key=lambda one: one.day)],
        "missing": [(one, lost) for one in found for lost in one.missing],
        "differing": sum(one.difference for one in found),
        "ledger": ledger,
        "signed": (await accounts.statements_since(runtime.db, since))[::-1],
        "mailboxes": await mailboxes.accounts(runtime.db),
        "timezone": facts.TIMEZONE,
    }
    return page(request, "managers/accounts.html", await frame(request, None) | shown)


async def sheet(request: web.Request) -> web.StreamResponse:
    """A signed statement as a text to keep."""
    found = await accounts.statement(runtime_of(request).db, request.match_info["seal"])
    if found is None:
        raise Problem(404, "There is no such statement.")
    name = f"statement-{found.day.isoformat()}-{found.edition}.txt"
    return web.Response(
        text=signing.sheet(found),
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def ledger(one: Account) -> str:
    """Whose word is compared with the record."""
    if one.ledger == PROVIDER:
        return N_("The provider's list")
    return N_("The doors' receipts") if one.ledger.startswith(DOORS) else N_("The mailbox")
