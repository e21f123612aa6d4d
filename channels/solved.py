"""Whether a message says that it is solved, by somebody whom we asked: in one word, or with no more beside it than
thanks, regret, or that it works or does not. Whatever else is said leaves it open, and somebody reads it."""

from __future__ import annotations

import re
import unicodedata

THANKS = r"(?:tack(?: så mycket)?|takk|tak|thanks|thank you|kiitos|danke)"
LONGEST = 80  # characters
YES = ("ja", "jo", "yes", "y", "j", "kyllä", "joo", "1")
NO = ("nej", "nei", "no", "n", "nein", "ei", "2")
MUCH = (
    rf"(?:(?:stort|tusen|många|mange|many|vielen) )?(?:{THANKS}|dank)"
    r"(?: så mye| very much| a lot| paljon| för hjälpen| for hjelpen| for hjælpen| for the help| avusta)?"
)
NOW = r"(?: (?:bra|fint|igen|again|wieder|taas))?(?: (?:nu|nå|now|nyt|jetzt))?(?: (?:bra|fint|igen|again|wieder|taas))?"
WORKS = (
    r"(?:(?:det|den|allt|alt) (?:funkar|fungerar|laddar|virker|fungerer|lader|er løst|är löst)"
    r"|(?:it|everything|all) (?:works|is working|charges|is charging|is solved|is fixed)|it's (?:working|solved|fixed)"
    rf"|(?:se )?(?:toimii|latautuu)|es (?:geht|funktioniert|lädt|ist gelöst)){NOW}"
)
IS = r"(?:det är det|det gör det|det er det|det gjør det|det gør det|it is|it does)"
SOLVED = re.compile(rf"(?:(?:{'|'.join(YES)}|japp|jepp|jadå|yep|yeah|yup)(?: (?:{WORKS}|{IS}))?|{WORKS})(?: {MUCH})?")
NOT = r"(?:inte|ikke|not|nicht)"
STILL = r"(?:fortfarande|fortsatt|stadig|still|immer noch)"
FAILS = (
    r"(?:(?:det|den) (?:funkar|fungerar|laddar|virker|fungerer|lader|är löst|er løst|är det|gör det)"
    rf"(?: {STILL})? {NOT}"
    rf"|(?:it )?(?:{STILL} )?(?:does {NOT}|doesn't|is {NOT}|isn't)(?: {STILL})?"
    r"(?: work| working| charge| charging| solved)?"
    rf"|es (?:geht|funktioniert|lädt)(?: {STILL})? {NOT}|(?:se )?ei (?:vieläkään )?(?:toimi|lataudu)(?: vieläkään)?"
    rf"|{STILL} (?:{NOT}|broken|not working)|(?:inte|ikke) (?:än|ännu|ennå|endnu|alls)|not yet|noch nicht|ei vielä)"
)
SORRY = r"(?:tyvärr|dessvärre|dessverre|desværre|unfortunately|sorry|leider|valitettavasti)"
UNHELPED = re.compile(rf"(?:{'|'.join(NO)}|nä|nope)(?: {SORRY})?(?: {FAILS})?")
SIGNS = re.compile("[\ufe0f\u200b\u200d\U0001f3fb-\U0001f3ff]|:-?\\)|[\U0001f642\U0001f60a\U0001f600\U0001f64f\u2764]")
AGREES = re.compile("[\U0001f44d\U0001f44c\u2705]+")


def says_solved(text: str) -> bool | None:
    """Whether a message says that it is solved, or that it is not; None when it says anything else."""
    if len(text.strip()) > LONGEST:
        return None
    plain = SIGNS.sub("", unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'"))
    words, signs = AGREES.sub("", plain), AGREES.search(plain)
    said = " ".join(re.split(r"[\s.,!\"()*_-]+", words)).strip()
    if SOLVED.fullmatch(said) or (signs and not said):
        return True
    return False if UNHELPED.fullmatch(said) and not signs else None
