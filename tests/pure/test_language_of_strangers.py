"""Whoever writes a language that we do not answer in is answered in English; what burns is understood."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from routing.directory import read_directory
from routing.facts import read_facts
from routing.judge import judge
from routing.language import guess_language
from routing.rules import load_rules
from routing.values import Category, History, Priority, Said

NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)
DIRECTORY, RULES = read_directory(Path(__file__).parents[2] / "demo"), load_rules()
STRANGERS = (
    "Bonjour, la borne affiche toujours hors service et je ne peux pas recharger ma voiture.",
    "Dzień dobry, stacja przerwała ładowanie po dziesięciu minutach, a opłata została pobrana.",
    "Здравствуйте! Станция не отдаёт кабель, кнопка не работает.",
    "Goedemiddag, de paal doet het weer niet en mijn pas wordt geweigerd.",
    "お世話になります。充電が始まりません。画面には何も出ません。",
    "الشاحن لا يعمل منذ أمس، وتم خصم المبلغ من بطاقتي.",
)


@pytest.mark.parametrize("text", STRANGERS)
def test_another_language_is_answered_in_english(text: str) -> None:
    guess = guess_language(text, {})
    assert (guess.language, guess.foreign) == ("en", True)
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
    guess = guess_language(text, {})
    assert (guess.language, guess.foreign) == (language, False)


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour, la borne 21007 prend feu, il y a de la fumée et des étincelles, venez vite s'il vous plaît.",
        "De laadpaal staat in brand, er komt rook uit de stekker en er zijn kinderen in de buurt.",
        "Ładowarka się pali, dym wychodzi z wtyczki, proszę natychmiast przyjechać!",
        "El cargador está ardiendo, sale humo del enchufe y hay niños cerca, vengan por favor.",
        "La colonnina brucia, esce fumo dalla presa, ci sono fiamme, aiuto per favore.",
        "Зарядная станция горит, из разъёма идёт дым, приезжайте срочно пожалуйста.",
        "你好，充电桩着火了，插头冒烟，旁边有小孩子，请马上派人来处理一下！",
        "الشاحن يحترق، يوجد دخان كثيف و حريق في المقبس، تعالوا بسرعة من فضلكم",
        "Şarj istasyonu yanıyor, fişten duman çıkıyor, lütfen acele edin.",
    ],
)
def test_fire_is_understood_in_the_languages_of_strangers(text: str) -> None:
    said = Said(channel="email", at=NOON, text=text)
    judgement = judge(said, read_facts(said, DIRECTORY, RULES), History(), DIRECTORY, RULES)
    assert (judgement.category, judgement.priority) == (Category.SAFETY, Priority.P1)


@pytest.mark.parametrize("text", STRANGERS)
def test_strangers_without_danger_are_in_none(text: str) -> None:
    said = Said(channel="email", at=NOON, text=text)
    judgement = judge(said, read_facts(said, DIRECTORY, RULES), History(), DIRECTORY, RULES)
    assert judgement.priority is not Priority.P1
