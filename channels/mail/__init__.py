"""E-mail: bytes in, a Report out. Pure; every input has an answer, and what is not understood is kept and named."""

from channels.mail.html import sanitise
from channels.mail.reading import quarantined, read

__all__ = ["quarantined", "read", "sanitise"]
