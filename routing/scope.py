"""How far a fault reaches and whom it holds up: a whole site, somebody shut in, somebody who gets no further, many.

People say these in more ways than there are turns of phrase, so they are put together from pieces (`PIECES`, words of
the lexica that nothing else reads): "all" near "chargers" with a fault and without "but one"; a gate that does not open
and somebody inside; an empty battery, or a car that is held, and a long way home. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from routing.lexicon import Hit
from routing.numbers import small_numbers
from routing.words import Words

_OF_A_SITE = (
    *("units", "every", "everyone", "everytime", "none", "noneof", "anyof", "negates", "ground", "wholly", "theunits"),
    *("mains", "affects", "nocharging", "thatsall", "excepting", "othersfine", "busy", "fine", "partial", "lifeless"),
    "lamps",
)
_OF_A_GATE = ("noout", "inside", "door", "wontopen", "shutin", "boxedin", "exit", "leaving", "entering", "gotout")
_OF_A_JOURNEY = ("empty", "nogo", "faraway", "duty", "frail", "settled")
_OF_MANY = ("nobody",)
PIECES = frozenset((*_OF_A_SITE, *_OF_A_GATE, *_OF_A_JOURNEY, *_OF_MANY))
_FAULTS = ("dead", "broken", "nostart", "lifeless", "mains", "nocharging")
_NOT_DENIED = frozenset({"gotout", "settled"})
_NOT_DENIED_ALONE = frozenset({"shutin", "boxedin", "trapped"})
_PERCENT = re.compile(r"(?<![\d,.])(\d{1,3}) ?%")
_LITTLE, _PLENTY = 4, 15  # per cent of a battery
_NEAR = 4  # words
_FAR = 8
_ROUND = 12


class Scope(NamedTuple):
    """What a report says of each."""

    whole_site: bool
    trapped: bool
    stranded: bool
    many: bool  # "nobody gets in", "all customers": whom it concerns is not the writer alone


def read_scope(
    raw: str,
    words: Words,
    languages: Sequence[str],
    pieces: Mapping[str, Sequence[Hit]],
    concepts: Mapping[str, Sequence[Hit]],
    count: int | None,
) -> Scope:
    """Read all four. `count`: how many chargers the site has that the text names, if it names one."""
    found = {**concepts, **pieces}
    # "We cannot get out, shut in" denies the one and not the other.
    for piece in (_NOT_DENIED if "noout" in found else _NOT_DENIED | _NOT_DENIED_ALONE) & found.keys():
        if all(hit.denied for hit in found[piece]):
            del found[piece]
    trapped = _trapped(found)
    return Scope(_whole(found, words, languages, count), trapped, _stranded(raw, found, trapped), "nobody" in found)


def _whole(found: Mapping[str, Sequence[Hit]], words: Words, languages: Sequence[str], count: int | None) -> bool:
    if not any(name in found for name in _FAULTS) and not _none_does(found):
        return False
    if "thatsall" in found:
        return True
    if "othersfine" in found:
        return False
    faults = [h.start for name in _FAULTS for h in found.get(name, ())]
    claims = _claims(found, words, languages, count)
    return any(
        (_none_does(found) or _at_fault(claim, faults, words)) and not _taken_back(claim, found, words)
        for claim in claims
    )


def _at_fault(claim: tuple[int, int], faults: Sequence[int], words: Words) -> bool:
    start, end = claim
    return any(start - _ROUND <= at < end + _ROUND for at in faults)


def _none_does(found: Mapping[str, Sequence[Hit]]) -> bool:
    """ "None of them works", "neither gives power, and there are no more": a fault without a word for one."""
    return ("none" in found or "noneof" in found) and ("fine" in found or "thatsall" in found)


def _claims(
    found: Mapping[str, Sequence[Hit]], words: Words, languages: Sequence[str], count: int | None
) -> list[tuple[int, int]]:
    """Where a text seems to say that all of a site is meant."""
    aside = {at for hit in found.get("everytime", ()) for at in range(hit.start, hit.end)}
    units = [hit for hit in found.get("units", ()) if not _numbered(hit, words)]
    claims = [(h.start, h.end) for h in found.get("everything", ()) if h.start not in aside]
    about = bool(units or found.get("charger") or found.get("charge"))
    for name in ("everyone", "nocharging", "affects"):
        claims += [(h.start, h.end) for h in found.get(name, ()) if aside.isdisjoint(range(h.start, h.end))]
    for hit in found.get("every", ()):
        if hit.start in aside:
            continue
        claims += _pairs(hit, units, words, 3)
        said = small_numbers(words.words, hit.end, languages)
        if said and about and hit.end < len(words) and 2 <= int(said[-1]) <= 99:
            claims.append((hit.start, hit.end + 1))
        claims += [(u.start, hit.end) for u in units if 0 < hit.start - u.end + 1 <= 4 and _together(u, hit, words)]
    for hit in found.get("wholly", ()):
        if hit.start not in aside:
            claims += _pairs(hit, found.get("ground", ()), words, 2) if about else ()
    lamps = {hit.start for hit in found.get("lamps", ())}  # "no lights" is said of one charger
    for hit in found.get("none", ()):
        claims += _pairs(hit, [unit for unit in units if unit.start not in lamps], words, 1)
    for hit in found.get("noneof", ()):
        claims += _pairs(hit, units, words, 4)
    for hit in found.get("anyof", ()):
        if any(0 <= hit.start - n.start <= _FAR and _together(n, hit, words) for n in found.get("negates", ())):
            claims += _pairs(hit, units, words, 2)
    if "partial" not in found:
        denials = {h.start for h in found.get("negates", ())}
        faults = [h for name in ("dead", "broken", "lifeless") for h in found.get(name, ()) if h.start not in denials]
        for hit in found.get("theunits", ()):
            if hit.start and small_numbers(words.words, hit.start - 1, languages):
                continue
            claims += _pairs(hit, faults, words, _NEAR)
        if "mains" in found and (found.get("theunits") or (units and found.get("ground"))):
            claims += [(h.start, h.end) for h in found["mains"]]
    claims += _by_count(units, words, languages, count)
    return claims


def _by_count(units: Sequence[Hit], words: Words, languages: Sequence[str], count: int | None) -> list[tuple[int, int]]:
    """ "Eight chargers" where there are eight."""
    if count is None or count < 2:
        return []
    return [
        (max(0, hit.start - 2), hit.end)
        for hit in units
        for at in range(max(0, hit.start - 2), hit.start)
        if str(count) in small_numbers(words.words, at, languages)[-1:]
    ]


def _taken_back(claim: tuple[int, int], found: Mapping[str, Sequence[Hit]], words: Words) -> bool:
    """All but one, all in use, all fine, half of all."""
    start, end = claim
    around = range(start - 2, end + _NEAR)
    if any(h.start in around and _same(h.start, start, words) for h in found.get("partial", ())):
        return True
    around = range(start - 3, end + _FAR)
    if any(h.start in around for h in found.get("excepting", ())):
        return True
    if any(h.start in around and _same(h.start, start, words) for h in found.get("busy", ())):
        return True
    denials = {n for h in found.get("negates", ()) for n in range(h.start, h.end)}
    nothing = {n for name in ("none", "noneof") for h in found.get(name, ()) for n in range(h.start, h.end)}
    return any(
        end - 1 <= h.start < end + 3
        and _same(h.start, end - 1, words)
        and not (denials | nothing) & set(range(start, h.start + 3))
        for h in found.get("fine", ())
    )


def _trapped(found: Mapping[str, Sequence[Hit]]) -> bool:
    if "gotout" in found:
        return False
    if any(name in found for name in ("shutin", "boxedin")):
        return True
    gate = "door" in found or "gate" in found
    about = gate or "exit" in found or ("stuck" not in found and ("inside" in found or "car" in found))
    if about and ("noout" in found or ("trapped" in found and "entering" not in found)):
        return True
    if not gate or "wontopen" not in found or "entering" in found:
        return "exit" in found and "wontopen" in found and "entering" not in found
    return any(name in found for name in ("inside", "exit", "leaving"))


def _stranded(raw: str, found: Mapping[str, Sequence[Hit]], trapped: bool) -> bool:
    left = [int(n) for n in _PERCENT.findall(raw)] if "%" in raw else []
    if "settled" in found or any(_PLENTY <= n < 100 for n in left):
        return False
    empty = "empty" in found or any(n <= _LITTLE for n in left)
    needs = any(name in found for name in ("duty", "faraway", "frail"))
    if trapped and not empty:
        return "duty" in found
    if "nogo" in found or "stranded" in found:
        return True
    held = "stuck" in found and "door" not in found and "gate" not in found
    return (empty and (needs or any(name in found for name in _FAULTS))) or (held and needs)


def _pairs(hit: Hit, others: Sequence[Hit], words: Words, within: int) -> list[tuple[int, int]]:
    return [(hit.start, o.end) for o in others if 0 <= o.start - hit.end <= within and _together(hit, o, words)]


def _together(one: Hit, other: Hit, words: Words) -> bool:
    return words.sentence[one.start] == words.sentence[other.start]


def _same(at: int, other: int, words: Words) -> bool:
    return words.sentence[at] == words.sentence[min(other, len(words) - 1)]


def _numbered(hit: Hit, words: Words) -> bool:
    """ "Charger 4" is one charger."""
    return (
        hit.end < len(words) and words.words[hit.end][0].isdigit() and words.clause[hit.end] == words.clause[hit.start]
    )
