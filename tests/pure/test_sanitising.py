"""HTML mails are sanitised by a process of their own, which a hostile one cannot keep for long."""

from __future__ import annotations

import asyncio

import pytest

from channels.mail import sanitise
from channels.sanitising import AT_ONCE, SECONDS, Sanitising

MAIL = '<p>Laddaren är död \N{ELECTRIC PLUG}</p><img src="https://x.example/a.gif"><script>x()</script>'


@pytest.mark.parametrize("remote", [False, True])
async def test_the_process_says_what_the_sanitiser_says(remote: bool) -> None:
    assert await Sanitising().shown(MAIL, remote) == sanitise(MAIL, remote)


async def test_half_a_character_does_not_keep_a_mail_from_being_shown() -> None:
    assert await Sanitising().shown("<p>Hej \ud83d</p>", False) == "<p>Hej ?</p>"


@pytest.mark.parametrize(
    "source",
    ["<blockquote>" * 80_000, "&" * 960_000, "<a " + " ".join(f"a{n}=1" for n in range(120_000)) + ">x"],
    ids=["deep", "signs", "attributes"],
)
async def test_a_mail_that_would_take_long_gives_none_in_time_and_the_loop_goes_on(source: str) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    asked = asyncio.create_task(Sanitising().shown(source, False))
    longest = 0.0
    while not asked.done():
        before = loop.time()
        await asyncio.wait([asked], timeout=0.01)
        longest = max(longest, loop.time() - before)
    assert asked.result() is None
    assert loop.time() - began < SECONDS + 2
    assert longest < 1


async def test_hostile_mails_do_not_keep_the_next_one_from_being_shown() -> None:
    sanitising = Sanitising()
    hostile = [sanitising.shown("&" * 960_000, False) for _ in range(AT_ONCE)]
    *refused, shown = await asyncio.gather(*hostile, sanitising.shown("<p>Hej</p>", False))
    assert (refused, shown) == ([None] * AT_ONCE, "<p>Hej</p>")
