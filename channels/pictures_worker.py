"""The process that draws one picture anew: read on its standard input, written as JPEG on its standard output.

It holds no secrets and talks to nobody. Formats, pixels, memory and CPU time are limited; anything else ends it with a
status that is not zero.
"""

from __future__ import annotations

import io
import sys

from channels.confined import confine

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
PIXELS = 40_000_000
MEMORY = 768 * 1024 * 1024  # bytes of address space
CPU = 5  # seconds


def main() -> None:
    """Draw; the one argument is the greatest width and height."""
    width = int(sys.argv[1])
    confine(MEMORY, CPU)
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = PIXELS
    with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=FORMATS) as source:
        if source.width * source.height > PIXELS:
            raise SystemExit(1)
        source.draft("RGB", (width, width))
        source.thumbnail((width, width))
        upright = ImageOps.exif_transpose(source)
        drawn = Image.new("RGB", upright.size, "white")
        clear = upright.convert("RGBA") if upright.mode in ("P", "LA", "RGBA", "PA") else None
        drawn.paste(clear or upright.convert("RGB"), mask=clear.getchannel("A") if clear else None)
    out = io.BytesIO()
    drawn.save(out, "JPEG", quality=82, optimize=True)
    sys.stdout.buffer.write(out.getvalue())


if __name__ == "__main__":
    main()
