"""What people and machines tell in a run: each telling carries a nonce, and its words are known to the letter."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

DOORS = ("email", "form", "api", "alarm", "phone", "imap")
SHARES = {"email": 0.34, "form": 0.2, "api": 0.16, "alarm": 0.1, "phone": 0.14, "imap": 0.06}
WORDS = (
    "Laddaren {charger} startar inte, den blinkar rött och inget händer.",
    "Kabeln sitter fast i bilen vid laddare {charger} och går inte att få loss.",
    "Charger {charger} stopped in the middle of the night and will not start again.",
    "I was charged twice for one session at {charger} and would like my money back.",
    "Ladestasjon {charger} svarer ikke, skjermen er helt svart.",
    "Die Ladesäule {charger} zeigt einen Fehler und lädt nicht.",
    "Latausasema {charger} ei käynnisty, valo vilkkuu punaisena.",
    "Hur lägger jag till ett nytt betalkort i appen?",
)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


@dataclass(frozen=True, slots=True)
class Telling:
    """One report on its way through one door. `photo` is a picture to go with it; a `robot` wants no answer."""

    nonce: str
    door: str
    words: str
    name: str
    phone: str
    email: str
    charger: str
    photo: bytes | None = None
    robot: bool = False

    @property
    def answered(self) -> bool:
        """Whether an acknowledgement by mail is owed."""
        return not self.robot and self.door in ("email", "imap", "form", "api")

    def mail(self, recipient: str) -> bytes:
        """The mail of this telling, for the first try; a retry sends the same bytes."""
        mail = EmailMessage()
        mail["From"] = f"{self.name} <{self.email}>"
        mail["To"] = recipient
        mail["Subject"] = f"Laddare {self.charger}"
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = f"<{self.nonce}@mail.example>"
        if self.robot:
            mail["Auto-Submitted"] = "auto-replied"
        mail.set_content(self.words)
        if self.photo:
            mail.add_attachment(self.photo, maintype="image", subtype="jpeg", filename="photo.jpg")
        return mail.as_bytes()


def telling(rng: random.Random, door: str, chargers: Sequence[str]) -> Telling:
    """A new telling through a door. The nonce is letters: digits could be taken for a card number and masked."""
    nonce = "zq" + "".join(rng.choices(string.ascii_lowercase, k=16))
    charger = rng.choice(chargers)
    words = f"{rng.choice(WORDS).format(charger=charger)} Kod {nonce}."
    photo = JPEG + rng.randbytes(rng.randint(500, 30_000)) if door in ("email", "form") and rng.random() < 0.1 else None
    return Telling(
        nonce=nonce,
        door=door,
        words=words,
        name=f"Kim {nonce[2:8].capitalize()}",
        phone=f"+46{'73' if door == 'phone' else '70'}{rng.randrange(1_000_000, 9_999_999)}",
        email=f"{nonce}@mail.example",
        charger=charger,
        photo=photo,
        robot=door == "email" and rng.random() < 0.05,
    )
