"""The demo's outside world: a mail server and a telephony provider on loopback instead of real ones.

`lend` is what `up --demo` adds to the environment of its roles, for whatever is not configured; `lent` tells a role
which of its neighbours are the demo's own. A configured mail server or provider account is never replaced.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from gateway.config import DEMO_DOMAIN, Config
from gateway.hosting import folders
from gateway.hosting.ports import unclaimed

HOST = "127.0.0.1"
ACCOUNT = "AC" + "0" * 32
NUMBER = "+46313900100"  # of a range that is reserved for fiction
ADDRESS = f"support@{DEMO_DOMAIN}"
_FILE = "demo.json"


@dataclass(frozen=True, slots=True)
class Lent:
    """The ports of the demo's own servers on 127.0.0.1; None for one that is not used."""

    mail: int | None = None
    provider: int | None = None

    def __bool__(self) -> bool:
        return self.mail is not None or self.provider is not None


def lend(config: Config) -> dict[str, str]:
    """The variables that lead to the demo's servers, on ports that are free now. Raises OSError."""
    mail, provider = unclaimed(HOST), unclaimed(HOST)
    folders.write_private(config.data_dir / _FILE, json.dumps({"mail": mail, "provider": provider}), replace=True)
    variables = {}
    if config.outbound_smtp_url is None:
        variables["OUTBOUND_SMTP_URL"] = _mail_url(mail)
    if config.twilio_account_sid is None:
        variables |= {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_API_URL": _provider_url(provider)}
        if not config.twilio_numbers:
            variables["TWILIO_NUMBERS"] = NUMBER
    if not config.mail_addresses and DEMO_DOMAIN in config.mail_domains:
        variables["MAIL_ADDRESSES"] = ADDRESS
    return variables


def lent(config: Config) -> Lent:
    """Which of the demo's servers this configuration uses."""
    try:
        ports = json.loads((config.data_dir / _FILE).read_text(encoding="utf-8"))
        mail, provider = int(ports["mail"]), int(ports["provider"])
    except (OSError, ValueError, KeyError, TypeError):
        return Lent()
    return Lent(
        mail if config.outbound_smtp_url == _mail_url(mail) else None,
        provider if config.twilio_api_url == _provider_url(provider) else None,
    )


def mails_folder(config: Config) -> Path:
    """Where the demo's mail server puts what it was given, as a Maildir."""
    return config.data_dir / "demo-mails"


def _mail_url(port: int) -> str:
    return f"smtp://{HOST}:{port}"


def _provider_url(port: int) -> str:
    return f"http://{HOST}:{port}"
