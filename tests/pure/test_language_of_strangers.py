"""Whoever writes a language that we do not answer in is answered in English, not in the nearest of ours."""

from __future__ import annotations

import pytest

from routing.language import guess_language


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour, la borne affiche toujours hors service et je ne peux pas recharger ma voiture.",
        "Dzień dobry, stacja przerwała ładowanie po dziesięciu minutach, a opłata została pobrana.",
        "Здравствуйте! Станция не отдаёт кабель, кнопка не работает.",
        "Goedemiddag, de paal doet het weer niet en mijn pas wordt geweigerd.",
        "お世話になります。充電が始まりません。画面には何も出ません。",
        "الشاحن لا يعمل منذ أمس، وتم خصم المبلغ من بطاقتي.",
    ],
)
def test_another_language_is_answered_in_english(text: str) -> None:
    guess = guess_language(text, {})
    assert guess.language == "en"
    assert sum(guess.shares.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Startar inte.", "sv"),
        ("test test hej", "sv"),
        ("Der Stecker sitzt fest und lässt sich nicht lösen.", "de"),
        ("Kaapeli on jumissa eikä irtoa autosta.", "fi"),
    ],
)
def test_ours_stay_ours(text: str, language: str) -> None:
    assert guess_language(text, {}).language == language
