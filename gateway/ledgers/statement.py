"""The command `reconcile`: every ledger of the last days against the record, mended where its sender can be asked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from gateway import doors
from gateway.config import Config
from gateway.ledgers.accounting import draw_up
from gateway.phone import telephony
from gateway.record import accounts
from gateway.record.accounts import Account
from gateway.record.facts import day_of, midnight
from gateway.runtime import open_runtime


async def reconcile(config: Config, days: int) -> list[Account]:
    """The accounts of the last days, drawn up now. Raises ProviderAway and Unavailable."""
    async with open_runtime(config, "reconcile") as runtime:
        since = day_of(runtime.clock.now()) - timedelta(days=days - 1)
        async with telephony.reconciler(runtime) as reconciler:
            if reconciler is not None:
                await reconciler.compare(midnight(since))
                await reconciler.draw_up(since)
        await draw_up(runtime.db, runtime.clock, runtime.spool, config.data_dir, since)
        if config.imap_urls:
            await doors.account(config)
        return await accounts.lately(runtime.db, since)


def lines(found: Collection[Account]) -> list[str]:
    """A line for every account, the oldest day first, and one for each thing that is missing."""
    told = []
    for one in sorted(found, key=lambda one: (one.day, one.door, one.ledger)):
        verdict = "adds up" if not one.difference else f"{one.difference} MISSING"
        mended = f", {one.mended} of them brought later" if one.mended else ""
        told.append(
            f"{one.day.isoformat()} {one.door} by {one.ledger}: {one.came} came ="
            f" {one.kept} in the record{mended} + {one.waiting} waiting: {verdict}"
        )
        told += [f"  {lost.id} of {lost.at.isoformat() if lost.at else 'an unknown time'}" for lost in one.missing]
    return told
