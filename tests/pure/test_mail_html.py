"""HTML mails of the clients that people use: their new text, and what is safe to show of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.mail import read
from channels.mail.html import sanitise, text_of
from channels.mail.quotes import new_text

DATA = Path(__file__).parents[1] / "data" / "mail"


def examples() -> dict[str, tuple[str, str]]:
    """(document, newly written) of each example by its name."""
    out = {}
    for record in (DATA / "html.txt").read_text().removeprefix("=== ").split("\n=== "):
        name, _, rest = record.partition("\n")
        source, _, new = rest.partition("\n--- new\n")
        out[name] = source, new
    return out


REPLIES = examples()
ATTACKS = (DATA / "attacks.txt").read_text().splitlines()


@pytest.mark.parametrize("name", REPLIES)
def test_new_text_of_html(name: str) -> None:
    source, new = REPLIES[name]
    got = new_text(text_of(source), "Eva Hedlund").split()
    assert "".join(got) == "".join(new.split())


@pytest.mark.parametrize(
    "source",
    [
        "",
        " ",
        "<",
        "<>",
        "<!--",
        "<table>" * 3000,
        "<div>" * 20_000,
        "<blockquote type=cite>" * 3000 + "x",
        "<ul><li>" * 2000,
        "&#0;&#xD800;&#x110000;",
        "<a " + "b=" * 50_000 + ">x",
        "\ue0020\ue003 x",
        "<td>" * 5000,
        "<b><i>" * 9000,
    ],
)
def test_strange_documents_have_an_answer(source: str) -> None:
    assert isinstance(text_of(source), str)


def test_marks_in_a_document_are_not_ours() -> None:
    assert new_text(text_of("<p>a</p><p>\ue000</p><p>b \ue0020\ue003</p>")).split() == ["a", "b", "0"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_b58_nothing_runs_loads_or_submits(attack: str) -> None:
    shown = sanitise(f"<p>text</p>{attack}<p>more</p>").lower()
    assert not re.search(
        r"<(script|style|meta|base|form|input|button|iframe|object|embed|svg|math|link|video|source|body)\b", shown
    )
    assert not re.search(r"<[^>]*\s(on\w+|style|background|srcset|poster|action)\s*=", shown)
    assert not re.search(r"(src|href)\s*=\s*[\"']?\s*(javascript|data|vbscript)", shown)
    assert not re.search(r"<img[^>]*src=", shown)
    assert "text" in shown


def test_links_and_own_pictures_stay() -> None:
    shown = sanitise('<a href="https://x.example/">x</a><img src="cid:1@x" alt="a">')
    assert 'href="https://x.example/"' in shown
    assert 'rel="noopener noreferrer nofollow"' in shown
    assert 'src="cid:1@x"' in shown


@pytest.mark.parametrize("address", ["/console/x", "?pictures", "//x.example/", "cases/1", "#top", "\\\\x.example"])
def test_no_link_leads_to_a_page_of_ours(address: str) -> None:
    assert "href" not in sanitise(f'<a href="{address}">x</a>')


def test_no_link_pretends_to_lead_elsewhere() -> None:
    shown = sanitise('<a href="https://x.example/" title="https://bank.example/"><b title="bank">x</b></a>')
    assert "bank" not in shown
    assert sanitise('<abbr title="kilowatt">kW</abbr>') == '<abbr title="kilowatt">kW</abbr>'


@pytest.mark.parametrize(
    "source",
    [
        "<blockquote>" * 80_000,
        "<b>" * 201 + "</b>" * 201,
        "<div>" * 300 + "</i>" * 300,
        "<i><p>" * 300,
        "<table><tr><td>" * 300,
        "<b><div></b>" * 300,
        "<div><!--</div>-->" * 300,
        "<DIV\n>" * 300,
    ],
)
def test_what_is_nested_too_deep_is_not_sanitised(source: str) -> None:
    with pytest.raises(ValueError, match="too deep"):
        sanitise(source)


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 200 + "Laddaren är död" + "</div>" * 200,
        "<p>Laddaren är död<br>" * 3000,
        "<ul>" + "<li>Laddaren är död" * 3000 + "</ul>",
        "<table>" + "<tr><td>Laddaren är död" * 3000 + "</table>",
        "<div><span>Laddaren är död</span></div>" * 3000,
        "<!--[if mso]><table><tr><td><![endif]--><p>Laddaren är död</p>" * 3000,
        "<!--[if mso]></table><![endif]-->Laddaren är död<!--" + "<div>" * 3000,
    ],
)
def test_what_is_long_or_leaves_out_end_tags_is_not_deep(source: str) -> None:
    assert "Laddaren är död" in sanitise(source)


@pytest.mark.parametrize("depth", [300, 3000])
def test_words_below_any_number_of_elements_are_read(depth: int) -> None:
    assert text_of("<div>" * depth + "Laddaren är död" + "</div>" * depth) == "Laddaren är död"


def test_b70_three_hundred_levels_of_quotes_are_quotes() -> None:
    shown = text_of("<p>Ny</p>" + '<blockquote type="cite">' * 300 + "gammalt" + "</blockquote>" * 300)
    assert shown.startswith("Ny\n")
    assert all(line.startswith(">") for line in shown.split("\n")[1:] if line)


def test_a_rule_above_words_that_are_no_header_is_no_border_of_old_text() -> None:
    rule = "border:none;border-top:solid #E1E1E1 1.0pt"
    assert text_of(f'<div style="{rule}">Laddaren är död</div>') == "Laddaren är död"


@pytest.mark.parametrize(
    ("signature", "written"),
    [
        ('<div class="gmail_signature"><div>Eva Ek</div><div>Det brinner i 21052 nu, det ryker!</div></div>', "ryker"),
        ('<div id="Signature"><p>Mvh Eva</p><p>PS. Uttag 2 är också dött</p></div>', "Uttag 2"),
        ('<table class="signature"><tr><td>Eva Ek</td></tr><tr><td>Charger 21052 is dead.</td></tr></table>', "21052"),
        ('<pre class="moz-signature">-- \nEva Ek\n\nDas Kabel ist durchgeschnitten.</pre>', "durchgeschnitten"),
        (
            '<table><tr><td class="signature">Eva Ek<br>Kabelen ligger over veien og er farlig.</td></tr></table>',
            "farlig",
        ),
    ],
)
def test_what_is_written_within_a_marked_signature_is_new(signature: str, written: str) -> None:
    assert written in new_text(text_of(f"<div>Den startar inte.</div>{signature}"), "Eva Ek")


def test_a_marked_signature_is_in_the_whole_text_only() -> None:
    page = '<div>Den startar inte.</div><div id="Signature"><p>Mvh Eva</p><p>Förvaltare, Brf Eken</p></div>'
    mail = f"From: Eva Ek <eva@example.org>\nContent-Type: text/html; charset=utf-8\n\n{page}"
    report = read(mail.encode(), datetime(2026, 9, 28, tzinfo=UTC))
    assert report.text == "Den startar inte."
    assert report.full_text == "Den startar inte.\n\nMvh Eva\n\nFörvaltare, Brf Eken"


@pytest.mark.parametrize(
    "source", ["<!-- x --><!-- Det brinner", "<!-- x\n<p>Det brinner</p>", "<!--" * 9 + "Det brinner"]
)
def test_words_behind_a_comment_that_never_ends_are_read(source: str) -> None:
    assert "Det brinner" in text_of(source)
