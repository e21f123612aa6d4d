"""What an owner's people say in the portal as a report, and what the portal says back after a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from channels.form import read
from channels.report import Attachment, Channel, Report, Sender, Thread
from gateway.languages import N_
from gateway.record.portal import OwnerUser
from gateway.runtime import Runtime

FORM = "portal"  # the purpose of its form tokens
DONE = MappingProxyType(
    {
        "written": N_("We have your words. Whoever works on the case sees them."),
        "confirmed": N_("Thank you. The case is closed."),
        "reopened": N_("Thank you for telling us. The case is open again, near the front of the queue."),
        "reported": N_("We have your report. You can follow the case here."),
        "planned": N_("The maintenance is planned. Alarms of the site wait until it is over; danger never waits."),
        "ended": N_("The maintenance is over. Alarms of the site are heard again."),
        "invited": N_("Your colleague may log in now, with a link to that address."),
        "changed": N_("The rights are changed."),
        "removed": N_("Your colleague may not log in any more."),
        "password": N_("Your password is set. Everywhere else you are logged out."),
        "totp_set": N_("The second factor counts from now on."),
        "totp_ended": N_("The second factor is off."),
        "revoked": N_("The key is worth nothing any more."),
    }
)


def said(
    runtime: Runtime,
    user: OwnerUser,
    key: str,
    fields: Mapping[str, str],
    *,
    pictures: Sequence[Attachment] = (),
    thread: str | None = None,
) -> Report:
    """A portal form as a report of somebody whom the log-in vouches for. `thread` is the reply token of a case."""
    given = {"language": user.language, **fields}
    report = read(
        given,
        key=f"{user.id}:{key}",
        received_at=runtime.clock.now(),
        pictures=pictures,
        channel=Channel.PORTAL,
    )
    sender = Sender(name=user.name, email=user.email, verified=True)
    return replace(report, sender=sender, thread=Thread(token=thread) if thread else Thread())
