"""What a report says about its place: numbers that are meant, sites, makes, and how many chargers are there.

Pure; gathers, and leaves the decision to routing/place.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from routing.chargers import Said as Chargers
from routing.chargers import chargers_said, typed_number
from routing.directory import VENDOR_HEAD, Directory
from routing.lexicon import Hit
from routing.place import PlaceFacts
from routing.sites import SitesSaid, sites_said
from routing.values import Said
from routing.words import Words, sound, split

_COMPARED_WITHIN = 7
_REST_BEFORE = 3  # words


def read_place(
    said: Said,
    raw: str,
    words: Words,
    languages: Sequence[str],
    concepts: Mapping[str, list[Hit]],
    sites: SitesSaid,
    directory: Directory,
    whole_site: bool,
) -> PlaceFacts:
    field = typed_number(said.charger)
    field_charger = directory.charger_of(field) if field else None
    return PlaceFacts(
        said=_compared(chargers_said(raw, words, languages, directory), words, concepts, field_charger, directory),
        field=field,
        field_charger=field_charger,
        sites=sites.evidence,
        site_field=said.site if said.site in directory.sites else None,
        owner=directory.sender(said.phone, said.email),
        vendors=tuple(dict.fromkeys(_vendors(words.words, directory))),
        quick="quick" in concepts,
        only_one="onlyone" in concepts,
        either=_either(words),
        whole_site=whole_site,
        again="again" in concepts,
    )


def _vendors(said: Sequence[str], directory: Directory) -> Iterator[str]:
    """The vendors and models that were named, as they sound; a transcriber may hear two words ("zap tech")."""
    heads = directory.vendor_heads
    for at in [at for at, word in enumerate(said) if sound(word)[:VENDOR_HEAD] in heads]:
        both = sound("".join(said[at : at + 2]))
        yield from (heard for heard in (sound(said[at]), both) if heard in directory.vendors)


def _compared(
    said: tuple[Chargers, ...],
    words: Words,
    concepts: Mapping[str, list[Hit]],
    field: str | None,
    directory: Directory,
) -> tuple[Chargers, ...]:
    """The chargers that are meant, without those that only serve to compare ("moved to 25199, which worked"). Where the
    rest work, those named do not."""
    known = {s.charger for s in said if s.charger} | ({field} - {None})
    if len(known) < 2 or len({directory.chargers[c].site_id for c in known if c}) > 1:
        return said
    rest = [h.start for h in concepts.get("rest", ())]
    told = [h for c in ("contrast", "works") for h in concepts.get(c, ())]
    marks = [h.start for h in told if not any(h.start - _REST_BEFORE <= at < h.end for at in rest)]
    others = [s for s in said if s.charger and s.at >= 0]
    aside = {s for s in others if any(_belongs(mark, s, others, words) for mark in marks)}
    left = tuple(s for s in said if s not in aside)
    return left if field or any(s.charger for s in left) else said


def _belongs(mark: int, said: Chargers, others: Sequence[Chargers], words: Words) -> bool:
    """Whether a comparing word speaks of this charger: it stands nearest to it, in its sentence, not far away."""
    if words.sentence[mark] != words.sentence[said.at]:
        return False
    mine = _reach(mark, said)
    return mine <= _COMPARED_WITHIN and all(mine <= _reach(mark, other) for other in others)


def _reach(mark: int, said: Chargers) -> int:
    """How far a word is from a number; what is said of a thing rather follows it."""
    return mark - said.end if mark >= said.end else said.at - mark + 1


def chargers_there(said: Said, sites: SitesSaid, directory: Directory) -> int | None:
    """How many chargers the site has that a report means, as far as it is known."""
    likely = said.site if said.site in directory.sites else None
    if likely is None and sites.name_words:
        likely = max(sites.evidence, key=lambda site: sum(sites.evidence[site].values()), default=None)
    return len(directory.site_chargers.get(likely, ())) if likely else None


def answering(place: PlaceFacts, text: str, languages: Sequence[str], directory: Directory) -> PlaceFacts:
    """The subject of a mail that is answered is that mail's: of the chargers it names, those count that the new text
    names too, where that names one."""
    if len({one.charger for one in place.said if one.charger}) < 2:
        return place
    named = {one.charger for one in chargers_said(text, split(text), languages, directory) if one.charger}
    return replace(place, said=tuple(one for one in place.said if one.charger in named)) if named else place


def with_quoted(place: PlaceFacts, quoted: str, languages: Sequence[str], directory: Directory) -> PlaceFacts:
    """What the quoted mail says of the place counts where the new text says nothing: a number that the new text names
    and the master data know stands, wherever the quoted mail was about."""
    if {one.charger for one in place.said if one.sure} - {None}:
        return place
    words = split(quoted)
    said = place.said or chargers_said(quoted, words, languages, directory)
    strongest = max((sum(kinds.values()) for kinds in place.sites.values()), default=0.0)
    sites = place.sites if strongest > 0 else sites_said(words, languages, directory).evidence
    return replace(place, said=said, sites=sites)


_EITHER = frozenset({"eller", "or", "oder", "tai", "vai"})


def _either(words: Words) -> bool:
    """Two numbers with "or" between them."""
    said = words.words
    return not _EITHER.isdisjoint(said) and any(
        word in _EITHER and before.isdigit() and after.isdigit()
        for before, word, after in zip(said, said[1:], said[2:], strict=False)
    )
