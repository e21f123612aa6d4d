"""A flood of heavy mail in a process of its own: photographs of 1 MB and header bombs in turns, at an even pace.

`python -m bench.load_flood PORT RATE SECONDS SEED` prints JSON: mails taken (250) and refused. A bomb is folded into
lines that SMTP allows: 30,000 parameters of one Content-Type, or 30,000 quotes in one Cc.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import sys
from collections.abc import Callable
from email.utils import formatdate

import aiosmtplib
import uvloop

from bench.load_smtp import RECIPIENT

PARAMETERS = 30_000


async def flood(port: int, rate: float, seconds: float, seed: int) -> dict[str, float]:
    rng = random.Random(seed)
    makers: tuple[Callable[[random.Random], bytes], ...] = (photograph, parameters, photograph, quotes)
    mails = [makers[nth % len(makers)](rng) for nth in range(int(rate * seconds))]
    began = asyncio.get_running_loop().time()

    async def send(nth: int, mail: bytes) -> bool:
        await asyncio.sleep(max(0.0, began + nth / rate - asyncio.get_running_loop().time()))
        try:
            await aiosmtplib.send(
                mail, sender="p@driver.example", recipients=[RECIPIENT], hostname="127.0.0.1", port=port, timeout=60
            )
        except aiosmtplib.SMTPException:
            return False
        return True

    taken = sum(await asyncio.gather(*(send(nth, mail) for nth, mail in enumerate(mails))))
    return {"taken": taken, "refused": len(mails) - taken}


def photograph(rng: random.Random) -> bytes:
    mark, picture = rng.getrandbits(64), base64.encodebytes(rng.randbytes(740_000))
    head = _head(mark) + f'Content-Type: multipart/mixed; boundary="b{mark:x}"\r\n\r\n--b{mark:x}\r\n'
    text = "Content-Type: text/plain; charset=utf-8\r\n\r\nLaddaren startar inte, se bilden.\r\n"
    file = f"--b{mark:x}\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return (head + text + file).encode() + picture.replace(b"\n", b"\r\n") + f"--b{mark:x}--\r\n".encode()


def parameters(rng: random.Random) -> bytes:
    given = "".join(f";\r\n a{nth}=x" for nth in range(PARAMETERS))
    return (_head(rng.getrandbits(64)) + f"Content-Type: text/plain{given}\r\n\r\nhej\r\n").encode()


def quotes(rng: random.Random) -> bytes:
    bomb = "\r\n ".join(['"' * 60] * (PARAMETERS // 60))
    return (_head(rng.getrandbits(64)) + f"Cc: {bomb}\r\n\r\nhej\r\n").encode()


def _head(mark: int) -> str:
    return (
        f"From: P <p@driver.example>\r\nTo: {RECIPIENT}\r\nSubject: laddare\r\nDate: {formatdate()}\r\n"
        f"Message-ID: <{mark:x}@driver.example>\r\nMIME-Version: 1.0\r\n"
    )


if __name__ == "__main__":
    port, rate, seconds, seed = sys.argv[1:]
    print(json.dumps(uvloop.run(flood(int(port), float(rate), float(seconds), int(seed)))))
