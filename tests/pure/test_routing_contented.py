"""Who only thanks us or says that it works is content; whoever adds anything is not."""

from __future__ import annotations

import pytest

from routing.contented import is_contented

CONTENT = [
    "Tack! Nu funkar det.",
    "Tack så mycket för hjälpen, nu laddar bilen igen!\n\nMed vänlig hälsning\nAnna Svensson",
    "Ja, det stämmer. Ha en fin dag!",
    "Thanks, it works now. Great job!",
    "Thank you so much for your quick help 🙏",
    "It’s working again, all good. Kind regards, Anna",
    "Mange tak for hjælpen. Nu virker det igen :)",
    "Tusen takk, laderen virker nå",
    "Kiitos avusta, nyt laturi toimii taas!",
    "Vielen Dank für die schnelle Hilfe, jetzt funktioniert alles wieder einwandfrei. Mit freundlichen Grüßen",
    "👍🏽",
    "❤️",
]
NOT_CONTENT = [
    "",
    "Anna Svensson",
    "Hej!",
    "Det funkar fortfarande inte.",
    "Tack, men det funkar inte.",
    "Funkar det nu?",
    "Funkar det nu",
    "Tack! Nu funkar det. Men ni har dragit dubbelt belopp.",
    "Tack på förhand",
    "Tack, då väntar jag på återbetalningen",
    "Tack, nu brinner det",
    "Hjälp! Tack",
    "Nej tack",
    "Thanks for nothing",
    "Thanks, it works now, but 22809 does not start.",
    "It works. When do I get my money back?",
    "Thank you, please call me 0701234567",
    "It worked yesterday",
    "Danke, es funktioniert nicht",
    "Danke im Voraus",
    "Kiitos, mutta ei toimi",
    "Toimiiko se nyt",
    "Takk, men den virker ikke",
    "👎",
    "👍 👎",
    "Tack " * 80,
    "so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so so nothing",
]


@pytest.mark.parametrize("text", CONTENT)
def test_thanks_and_that_it_works_are_nothing_else(text: str) -> None:
    assert is_contented(text, "Anna Svensson")


@pytest.mark.parametrize("text", NOT_CONTENT)
def test_whatever_else_is_said_is_heard(text: str) -> None:
    assert not is_contented(text, "Anna Svensson")
