"""Any sentences, in any client's form, above, between or below any quotes: all of them are shown, and no quoted one."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from html import escape

import pytest

from channels.mail import read
from channels.mail.quotes import new_text

NOW = datetime(2026, 9, 28, tzinfo=UTC)
WRITTEN = """Laddaren 24352 startar inte.
Jag skrev till er i går kl. 15:12 men fick inget svar:
Felkod: 7
Kan ni ringa mig på 070-174 06 01?
Jag väntar på svar från Bo <bo@example.org>
Skickat kvittot i går.
Sent the receipt yesterday.
Från garaget till uttaget är det 5 meter.
From the garage you cannot see it.
Till saken: den är död.
Datum: i går
Den 21 september 2026 slutade den fungera
2026-09-21 15:12 slutade den
Best of all it is free.
Regards to Bo
Den kostar >5 kr
Är det sant?
Ok
24352
Jeg skrev i går: den er død
Den lader bare med 3 kW
Sendt kvitteringen i går
Latausasema ei toimi.
Kirjoitin eilen: se on rikki
Lähetetty kuitti eilen
Gesendet habe ich die Rechnung gestern
Von Hamburg nach Kiel sind es 90 km
An der Säule steht nichts.
I wrote on 21/09/2026 that it is dead
She wrote: come soon
Thanks, it works now
* 24352 död
1. Starta om
Kommun AB äger den
Storgatan 5 i Lund
https://example.org/bild.jpg visar felet
/ Eva""".splitlines()
QUOTED = (
    *("Gammal rad om laddaren.", "Vilken laddare gäller det?", "We have restarted it.", "Hei, prøv igjen."),
    *("Kokeile uudelleen.", "Bitte versuchen Sie es erneut.", "Ärendenummer: 1042-9"),
)
ADDRESS = "<k@support.example>"
SAYS = (
    f"Den mån 21 sep. 2026 kl 15:12 skrev Kundservice {ADDRESS}:",
    f"On Mon, Sep 21, 2026 at 3:12 PM Support {ADDRESS} wrote:",
    f"man. 21. sep. 2026 kl. 15:12 skrev Kundeservice {ADDRESS}:",
    "ma 21. syysk. 2026 klo 15.12 Asiakaspalvelu (k@support.example) kirjoitti:",
    f"Am Mo., 21. Sept. 2026 um 15:12 Uhr schrieb Kundenservice {ADDRESS}:",
    f"Den man. 21. sep. 2026 kl. 15.12 skrev Kundeservice {ADDRESS}:",
)
NAMELESS = (*SAYS, "Den 2026-09-21 kl. 15:12, skrev Kundservice:", f"Kundservice {ADDRESS} skrev:")
BLOCKS = (
    (
        ("Från", f"Kundservice {ADDRESS}"),
        ("Skickat", "den 21 september 2026 15:12"),
        ("Till", "Eva"),
        ("Ämne", "SV: X"),
    ),
    (("From", f"Support {ADDRESS}"), ("Sent", "Monday, 21 September 2026 15:12"), ("To", "Eva"), ("Subject", "RE: X")),
    (("Fra", f"Kundeservice {ADDRESS}"), ("Sendt", "21. september 2026 15:12"), ("Til", "Eva"), ("Emne", "SV: X")),
    (("Lähettäjä", f"A {ADDRESS}"), ("Lähetetty", "21. syyskuuta 2026 15.12"), ("Vastaanottaja", "E"), ("Aihe", "X")),
    (("Von", f"K {ADDRESS}"), ("Gesendet", "Montag, 21. September 2026 15:12"), ("An", "Eva"), ("Betreff", "AW: X")),
)
RULES = ("", "_" * 32 + "\n", "-----Ursprungligt meddelande-----\n", "-------- Original Message --------\n")
SIGNED = (
    "",
    "\nMvh\nEva",
    "\nBest regards,\nEva Ek",
    "\nSkickat från min iPhone",
    "\n-- \nEva Ek\nBrf Eken\n070-174 06 01",
)
SIGNED_HTML = (
    *("", "<div>Mvh</div><div>Eva</div>", '<div class="gmail_signature">Eva Ek<br>Brf Eken<br>070-174 06 01</div>'),
    '<div id="ms-outlook-mobile-signature">Skickat från <a>Outlook för iOS</a></div>',
)


def plain(rng: random.Random, written: list[str], quoted: list[str]) -> str:
    text, signed = rng.choice(("\n", "\n\n")).join(written), rng.choice(SIGNED)
    marked, bare = "\n".join(f"> {line}" for line in quoted), "\n".join(quoted)
    kind = rng.choice(("above", "unmarked", "block", "between", "below"))
    if kind == "above":
        return f"{text}\n{signed}\n\n{rng.choice(NAMELESS)}\n{marked}\n"
    if kind == "unmarked":
        return f"{text}\n{signed}\n\n{rng.choice(SAYS)}\n\n{bare}\n"
    if kind == "block":
        block = "\n".join(f"{name}: {value}" for name, value in rng.choice(BLOCKS))
        return f"{text}\n{signed}\n\n{rng.choice(RULES)}{block}\n\n{bare}\n"
    if kind == "between":
        pairs = "".join(f"> {rng.choice(quoted)}\n{line}\n" for line in written)
        return f"{rng.choice(NAMELESS)}\n{pairs}{signed}\n"
    return f"{rng.choice(NAMELESS)}\n{marked}\n\n{text}\n{signed}\n"


def markup(rng: random.Random, written: list[str], quoted: list[str]) -> str:
    form = rng.choice(("<div>{}</div>", "<p>{}</p>", '<p class="MsoNormal">{}<o:p></o:p></p>'))
    text, old = ("".join(form.format(escape(line)) for line in lines) for lines in (written, quoted))
    says, signed = escape(rng.choice(NAMELESS)), rng.choice(SIGNED_HTML)
    block = "<br>".join(f"<b>{name}:</b> {escape(value)}" for name, value in rng.choice(BLOCKS))
    border = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"
    forms = (
        f'{text}{signed}<div class="gmail_quote"><div class="gmail_attr">{says}<br></div>'
        f'<blockquote class="gmail_quote" style="border-left:1px solid">{old}</blockquote></div>',
        f'<body>{text}{signed}<div><br><blockquote type="cite"><div>{says}</div><br>{old}</blockquote></div></body>',
        f'{text}<div class="moz-cite-prefix">{says}<br></div><blockquote type="cite">{old}</blockquote>{signed}',
        f'{text}{signed}<hr><div id="divRplyFwdMsg">{block}</div>{old}',
        f'<div class="WordSection1">{text}{signed}<div style="{border}"><p>{block}</p></div>{old}</div>',
        f"<div>{text}{signed}<div><p>{block}</p></div>{old}</div>",
    )
    return rng.choice(forms)


@pytest.mark.parametrize("seed", range(10))
def test_every_written_line_is_shown_and_no_quoted_one(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(100):
        written, quoted = rng.choices(WRITTEN, k=rng.randint(1, 5)), rng.choices(QUOTED, k=rng.randint(1, 4))
        text = plain(rng, written, quoted)
        page = markup(rng, written, quoted)
        raw = f"From: Eva Ek <eva@example.org>\nContent-Type: text/html; charset=utf-8\n\n{page}"
        for source, shown in ((text, new_text(text, "Eva Ek")), (page, read(raw.encode(), NOW).text)):
            lines = {" ".join(line.split()) for line in shown.split("\n")}
            assert set(written) <= lines, source
            assert not set(quoted) & lines, source
