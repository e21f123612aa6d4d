"""A mail in two forms: nothing that stands in one of them alone is hidden, and nothing is shown twice."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from channels.mail import read

NOW = datetime(2026, 9, 28, tzinfo=UTC)
FORM = "<table><tr><td>Namn</td><td>Anna</td></tr><tr><td>Text</td><td>Det brinner i laddare 21052!</td></tr></table>"
LINK = "https://brf.example/x"
HISTORY = (
    "<div class='gmail_quote'>Den 3 mars 2026 kl. 10:00 skrev Support &lt;s@x.example&gt;:"
    "<blockquote class='gmail_quote'>Vi kommer i morgon</blockquote></div>"
)
ANSWERED = "\n\n-----Original Message-----\nFrom: Support\nSent: i går\nTo: Anna\nSubject: x\n\nVi kommer"
STUBS = (
    "Din e-postklient stöder inte HTML.",
    "Your email client does not support HTML.",
    "Diese Nachricht wurde im HTML-Format gesendet.",
    "Visa meddelandet i webbläsaren",
    "Se denne e-posten i nettleseren: https://mail.example/1",
    "[image: image.png]",
    "Nytt meddelande från kontaktformuläret",
    "A form was submitted. Reply to this mail to answer.",
    "-- \nSkickat från webbplatsen",
    "1",
    "",
)


def forms(plain: str, markup: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = "form@brf.example", "Hej", "<1@brf.example>"
    mail.set_content(plain)
    mail.add_alternative(markup, subtype="html")
    return mail.as_bytes()


@pytest.mark.parametrize(
    "markup", [FORM, "<p>Det brinner i laddare 21052!</p>", "<blockquote>Det brinner!</blockquote>"]
)
@pytest.mark.parametrize("plain", STUBS)
def test_what_only_the_html_says_is_read(plain: str, markup: str) -> None:
    report = read(forms(plain, markup), NOW)
    assert "Det brinner" in report.text
    assert "Det brinner" in (report.full_text or "")


@pytest.mark.parametrize("plain", STUBS[:5])
def test_that_there_is_html_is_nobody_s_words(plain: str) -> None:
    assert read(forms(plain, "<p>Laddaren startar inte.</p>"), NOW).text == "Laddaren startar inte."


@pytest.mark.parametrize(
    ("plain", "markup"),
    [
        (
            f"Laddare *21052*\nstartar inte. Länk <{LINK}>",
            f"<p>Laddare <b>21052</b> startar inte. <a href='{LINK}'>Länk</a>",
        ),
        ("Det brinner inte,\nbara så ni vet.", "<div>Det brinner inte, bara <i>så ni vet</i>.</div>"),
        ("Tack!", f"<p>Tack!</p>{HISTORY}"),
    ],
)
def test_of_two_forms_that_say_the_same_the_plain_one_is_read(plain: str, markup: str) -> None:
    assert read(forms(plain, markup), NOW).text == plain


@pytest.mark.parametrize("history", ["", ANSWERED])
def test_of_two_forms_that_say_different_things_both_are_read(history: str) -> None:
    text = read(forms(f"Det brinner i 21052!{history}", "<p>Hej, se bilden.</p>"), NOW).text
    assert "Det brinner i 21052!" in text
    assert "Hej, se bilden." in text
    assert "Vi kommer" not in text


@pytest.mark.parametrize(
    "asks", ["##- Please type your reply above this line -##", "----- Svara ovanför denna rad -----"]
)
def test_a_line_to_answer_above_hides_nothing_of_an_html_form_that_is_read_beside_the_plain_one(asks: str) -> None:
    raw = forms("Det brinner i 21052!", f"<p>{asks}</p><p>Kabeln sitter fast i uttag 2.</p>")
    assert read(raw, NOW).text == "Det brinner i 21052!\n\nKabeln sitter fast i uttag 2."


def test_an_addition_to_the_html_is_read_once() -> None:
    text = read(forms("Hej, se nedan.", "<p>Hej, se nedan.</p><p>Den ryker.</p>"), NOW).text
    assert text.split() == ["Hej,", "se", "nedan.", "Den", "ryker."]
