"""Photos as drivers take them: a charger's display in the dark, a little crooked, with its number on it."""

from __future__ import annotations

import random
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

SIZE = (960, 720)


@lru_cache(maxsize=8)
def photo(number: str) -> bytes:
    """A JPEG of a charger's display; the same for the same number."""
    dice = random.Random(f"photo {number}")
    image = Image.new("RGB", SIZE, (24, 27, 30))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((250, 60, 710, 700), radius=36, fill=(52, 58, 62))
    draw.rounded_rectangle((300, 120, 660, 420), radius=14, fill=(12, 18, 16))
    light = dice.choice(((214, 62, 54), (230, 160, 40), (70, 130, 220)))
    draw.ellipse((452, 470, 508, 526), fill=light)
    large, small = ImageFont.load_default(64), ImageFont.load_default(30)
    draw.text((480, 230), number or "-----", fill=(190, 235, 210), font=large, anchor="mm")
    draw.text(
        (480, 330), dice.choice(("ERROR 12", "OUT OF ORDER", "CARD REFUSED")), fill=light, font=small, anchor="mm"
    )
    file = BytesIO()
    image.rotate(dice.uniform(-6, 6), fillcolor=(24, 27, 30)).save(file, "JPEG", quality=80)
    return file.getvalue()
