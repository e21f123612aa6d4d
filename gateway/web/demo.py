"""What customers would have received, in the demo: the mails and texts that its sink took instead of sending them.

Mounted only where the demo's own mail server or provider is in use. Shown as words, never as a page: whatever a mail
holds is escaped, and only its addresses become links.
"""

from __future__ import annotations

from aiohttp import web

from gateway.demo.mails import Mails
from gateway.demo.outside import lent, mails_folder
from gateway.web.keys import RUNTIME
from gateway.web.pages import page
from gateway.web.problems import Problem

MAILS = web.AppKey("demo_mails", Mails)


def add_routes(app: web.Application) -> None:
    """Mount `/demo/mails` when there is a demo."""
    config = app[RUNTIME].config
    if not lent(config):
        return
    app[MAILS] = Mails(mails_folder(config))
    app.router.add_get("/demo/mails", listed)
    app.router.add_get("/demo/mails/{name}", listed)


async def listed(request: web.Request) -> web.StreamResponse:
    """The newest mails, and the one that was chosen."""
    mails, name = request.app[MAILS], request.match_info.get("name")
    mail = await mails.read(name) if name else None
    if name and mail is None:
        raise Problem(404, "There is no such mail.")
    return page(request, "demo/mails.html", {"mails": await mails.newest(), "mail": mail})
