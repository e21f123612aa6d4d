"""Mails as drivers write them, about 4 kB each: plain or with an HTML part, with the trace headers of two relays."""

from __future__ import annotations

import random
import string
from email.utils import formatdate

TEXT = (
    "laddaren startar inte trots att kortet godkänns och lampan lyser grönt när jag kopplar in kabeln men efter en "
    "stund blinkar den rött och appen säger att sessionen avbröts jag har provat två gånger med samma resultat och "
    "behöver komma iväg i eftermiddag kan ni starta om den eller säga vad jag ska göra tack på förhand bilen står "
    "kvar på plats fyra längst in i garaget displayen visar ett felmeddelande som jag inte förstår"
)
WORDS = tuple(TEXT.split())
SUBJECTS = (
    "Laddare {charger} startar inte",
    "Problem med laddare {charger}",
    "Ingen ström i {charger}",
    "Hjälp {charger}",
)


def mail(rng: random.Random, recipient: str, persons: int) -> tuple[str, bytes]:
    """(envelope sender, the mail): a known person in seven of ten, about one of 2,000 chargers."""
    charger = rng.randrange(30000, 32000)
    mark = "".join(rng.choices(string.ascii_lowercase, k=16))
    known = rng.random() < 0.7
    sender = f"person{rng.randrange(1, persons)}@driver.example" if known else f"{mark}@driver.example"
    said = f"Hej, laddare {charger}: " + " ".join(rng.choices(WORDS, k=60)) + "."
    subject = rng.choice(SUBJECTS).format(charger=charger)
    quoted = "\r\n".join("> " + " ".join(rng.choices(WORDS, k=11)) for _ in range(22))
    attributed = "Den 3 mars 2026 kl. 08:14 skrev Support <support@support.example>:"
    plain = f"{_wrapped(said)}\r\n\r\n{attributed}\r\n\r\n{quoted}\r\n"
    head = "".join(
        f"Received: from mx{hop}.driver.example (mx{hop}.driver.example [192.0.2.{hop}])\r\n"
        f"\tby relay{hop}.example with ESMTPS id {mark}{hop}; {formatdate()}\r\n"
        for hop in (1, 2)
    )
    signature = "".join(rng.choices(string.ascii_letters, k=340))
    head += f"DKIM-Signature: v=1; a=rsa-sha256; d=driver.example; s=s1;\r\n\tb={_folded(signature)}\r\n"
    head += (
        f"From: Person <{sender}>\r\nTo: {recipient}\r\nSubject: =?utf-8?q?{subject.replace(' ', '_')}?=\r\n".replace(
            "ö", "=C3=B6"
        ).replace("ä", "=C3=A4")
    )
    head += f"Date: {formatdate()}\r\nMessage-ID: <{mark}@driver.example>\r\nMIME-Version: 1.0\r\n"
    part = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    if rng.random() < 0.5:
        return sender, f"{head}{part}{plain}".encode()
    html = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    html += (
        f"<html><body><div>{_wrapped(said)}</div><blockquote>{quoted.replace('> ', '')}</blockquote></body></html>\r\n"
    )
    head += f'Content-Type: multipart/alternative; boundary="b{mark}"\r\n\r\n'
    return sender, f"{head}--b{mark}\r\n{part}{plain}--b{mark}\r\n{html}--b{mark}--\r\n".encode()


def _wrapped(text: str) -> str:
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) > 72:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "\r\n".join([*lines, line])


def _folded(text: str) -> str:
    return "\r\n\t ".join(text[at : at + 70] for at in range(0, len(text), 70))
