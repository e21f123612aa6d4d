"""The certificate that the mail door shows."""

from __future__ import annotations

import ssl

from gateway.config import Config


def certificate(config: Config) -> ssl.SSLContext | None:
    """The certificate for STARTTLS; None without one. Raises OSError when it cannot be read or used."""
    if config.smtp_tls_cert is None or config.smtp_tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.smtp_tls_cert, config.smtp_tls_key, password="")  # nobody is asked for one
    return context
