"""Who may log in to the demo: passwords that differ on every installation and need no file.

They are made from the installation's secret, so that a demo that somebody puts on the internet has no known password.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from gateway.config import DEMO_DOMAIN, Config

AGENT = f"agent01@{DEMO_DOMAIN}"
MANAGER = f"manager@{DEMO_DOMAIN}"
EVERYBODY = (AGENT, *(f"agent{nth}@{DEMO_DOMAIN}" for nth in ("02", "15", "20")), MANAGER)


def password(config: Config, email: str) -> str:
    """The demo password of `email`, 50 bits: HMAC-SHA-256 (RFC 2104) over the address in base 32."""
    digest = hmac.new(config.secret_keys[-1].encode(), f"demo log-in\0{email}".encode(), hashlib.sha256).digest()
    letters = base64.b32encode(digest).decode().lower()
    return f"{letters[:5]}-{letters[5:10]}"
