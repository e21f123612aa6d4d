"""How single values of the environment are written: numbers, addresses, mailboxes, URLs, lists of them.

Every reader raises ValueError with a sentence that holds no secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from channels.domains import in_ascii
from channels.mail_users import named

T = TypeVar("T")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_LOCAL = re.compile(r"[a-z0-9!#$%&'*/?^_`{|}~.+-]{1,64}")
_QUEUE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_HOST = re.compile(r"[\w.:%-]+")
_NAME_SERVER = re.compile(r"(?:\[([0-9a-f:.]+)\]|([0-9.]+)):([0-9]{1,5})", re.IGNORECASE)
DNS_PORT = 53
_IMAP_PORTS = {"imaps": 993, "imap": 143}


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone number of ours in E.164 and what it is for."""

    number: str
    voice: bool = True
    sms: bool = True


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address of ours in lower case, and the queue its mails go to when nothing else decides."""

    address: str
    queue: str | None = None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An IMAP folder to read; `move` is the folder that read mails go to, `since` the day from which on old ones are
    taken in."""

    host: str
    port: int
    tls: bool
    user: str
    password: str | None = field(repr=False)  # None: a token opens it
    folder: str = "INBOX"
    queue: str | None = None
    move: str | None = None
    since: date | None = None


class NameServer(NamedTuple):
    """A server of the domain name system."""

    address: str
    port: int


def separate(read: Callable[[str], T], *, secret: bool = False) -> Callable[[Any], Any]:
    """A reader of a list with commas between: each entry by `read`, all faults told at once, a line each. Entries that
    are `secret` are told by where they stand.
    """

    def entries(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found, faults = [], []
        parts = [part for part in (part.strip() for part in value.split(",")) if part]
        for nth, part in enumerate(parts, 1):
            try:
                found.append(read(part))
            except ValueError as fault:
                faults.append(f"entry {nth}: {fault}" if secret and len(parts) > 1 else str(fault))
        if faults:
            raise ValueError("\n".join(faults))
        return tuple(found)

    return entries


def whole(least: int, most: int) -> Callable[[Any], Any]:
    """A reader of a whole number."""

    def read(value: Any) -> Any:
        if isinstance(value, str) and not (value.isdecimal() and least <= int(value) <= most):
            raise ValueError(f"{value!r} is not a whole number from {least} to {most}")
        return value

    return read


def read_sid(kind: str, what: str) -> Callable[[Any], Any]:
    """A reader of the provider's name for something, which begins with its kind."""

    def read(value: Any) -> Any:
        if isinstance(value, str) and not value.startswith(kind):
            raise ValueError(f"does not begin with {kind}, as the SID of {what} does")
        return value

    return read


def read_number(text: str) -> Number:
    """`+46…[=voice|sms|both]`."""
    number, _, use = text.partition("=")
    if use not in {"", "voice", "sms", "both"}:
        raise ValueError(f"{number} is for voice, sms or both, not for {use!r}")
    return Number(read_phone(number), voice=use != "sms", sms=use != "voice")


def read_phone(text: str) -> str:
    """A number in E.164."""
    if not _E164.fullmatch(text):
        raise ValueError(f"{text!r} is not a number like +46771234567")
    return text


def read_mail_address(text: str) -> MailAddress:
    """`address[=queue]`, its domain in ASCII however it is written; the local part may hold no `=`, and no `+`: what
    stands behind one is no part of an address of ours. Nor any letter beyond ASCII: our mails come from it, and not
    every relay takes one."""
    address, separator, queue = text.lower().partition("=")
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise ValueError(f"{address}: write what stands before the @ in ASCII, not every server takes other letters")
    domain = in_ascii(domain)
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{address!r} is not an address like support@example.com")
    if "+" in local:
        raise ValueError(f"{address}: write it without + and what follows, which is taken in as well")
    return MailAddress(f"{local}@{domain}", _read_queue(queue) if separator else None)


def read_domain(text: str) -> str:
    """A mail domain, in lower case and in ASCII however it is written."""
    domain = in_ascii(text.lower())
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{text!r} is not a domain like example.com")
    return domain


def read_network(text: str) -> IPv4Network | IPv6Network:
    """An address or a network, `10.0.0.0/8`."""
    try:
        return ip_network(text)
    except ValueError as fault:
        raise ValueError(f"{text!r} is not an address or network like 10.0.0.0/8") from fault


def read_name_server(text: str) -> NameServer:
    """`192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353`."""
    fault = f"{text!r} is not an address like 192.0.2.53 or 192.0.2.53:5353"
    match = _NAME_SERVER.fullmatch(text)
    try:
        address = str(ip_address((match[1] or match[2]) if match else text))
        number = int(match[3]) if match else DNS_PORT
    except ValueError as problem:
        raise ValueError(fault) from problem
    if not 0 < number < 65536:
        raise ValueError(fault)
    return NameServer(address, number)


def read_mailbox(text: str) -> Mailbox:
    """`imaps://user:secret@host[:port]/FOLDER[?since=2026-09-01&move=FOLDER][#queue]`; reserved characters in it are
    percent-encoded. A mailbox that takes no password is `imaps://user;AUTH=XOAUTH2@host…` (RFC 5092 section 3.2).

    `imap://` (no TLS) is taken for this machine only. A folder name with a control character, a quote or a backslash
    could end its IMAP command and begin another: it is refused whatever the Python version does.
    """
    parts = _split(text, tuple(_IMAP_PORTS))
    where = f"{parts.scheme}://…@{parts.hostname}"
    user, by_token = named(parts.username)
    password, folder = unquote(parts.password or ""), unquote(parts.path[1:]) or "INBOX"
    if not user or bool(password) == by_token or not parts.hostname:
        raise ValueError(f"{where}: user, secret and host are needed, imaps://user:secret@host/FOLDER")
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in user + password):
        raise ValueError(f"{where}: control characters in user or secret")
    asked = _asked(parts.query, where)
    move = asked.get("move")
    for name in (folder, move or ""):
        if any(ord(sign) < 32 or 127 <= ord(sign) < 160 or sign in '"\\' for sign in name):
            raise ValueError(f"{where}: control characters, quotes or backslashes in the folder name")
    if move is not None and move.upper() == folder.upper():
        raise ValueError(f"{where}: read mails cannot be moved to the folder that is read")
    if parts.scheme == "imap" and not on_loopback(parts.hostname or ""):
        raise ValueError(f"{where}: without TLS, use imaps://")
    return Mailbox(
        host=parts.hostname or "",
        port=parts.port or _IMAP_PORTS[parts.scheme],
        tls=parts.scheme == "imaps",
        user=user,
        password=None if by_token else password,
        folder=folder,
        queue=_read_queue(unquote(parts.fragment)) if parts.fragment else None,
        move=move,
        since=_read_day(asked["since"], where) if "since" in asked else None,
    )


def url_of(*schemes: str) -> Callable[[Any], Any]:
    """A reader of a URL with one of `schemes`; a `/` at its end is taken away."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or not value:
            return value
        parts = _split(value, schemes)
        with_host = parts.scheme in {"http", "https", "smtp", "smtps", "smtp+starttls"}
        if with_host and not _HOST.fullmatch(parts.hostname or ""):
            raise ValueError("names no host, or one that is none")
        return value.rstrip("/")

    return check


def read_public_url(value: Any) -> Any:
    """The URL that links and signatures begin with: whatever came behind its path would stand in the middle of them."""
    value = url_of("http", "https")(value)
    parts = urlsplit(value or "")
    if parts.query or parts.fragment:
        raise ValueError("has ? or # in it: write scheme and host alone, https://support.example.com")
    return value


def read_relay(value: Any) -> Any:
    """The URL of a relay: `smtp://`, `smtps://` or `smtp+starttls://` `[user:secret@]host[:port]`."""
    value = url_of("smtp", "smtps", "smtp+starttls")(value)
    parts = urlsplit(value or "")
    user, by_token = named(parts.username)
    if parts.path or parts.query or parts.fragment:
        raise ValueError("goes on behind host and port; reserved characters in user and secret are percent-encoded")
    if user and bool(parts.password) == by_token:
        raise ValueError("has a user without a secret, or both a secret and AUTH=XOAUTH2: user:secret@host")
    if user and parts.scheme == "smtp" and not on_loopback(parts.hostname or ""):
        raise ValueError("logs in without TLS, use smtp+starttls:// or smtps://")
    return value


def on_loopback(host: str) -> bool:
    """True for localhost, 127.0.0.0/8 and ::1."""
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _split(text: str, schemes: tuple[str, ...]) -> SplitResult:
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    # urlsplit silently drops tabs and line ends.
    if any(ord(sign) <= 32 or ord(sign) == 127 for sign in text):
        raise ValueError("holds spaces or control characters")
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018
    except ValueError as fault:
        raise ValueError(
            "has no number for a port, or a reserved character in user or secret that is not percent-encoded"
        ) from fault
    if parts.scheme not in schemes:
        raise ValueError(f"is not a URL that begins with {wanted}")
    return parts


def _asked(query: str, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in ("since", "move") or name in found or not value:
            raise ValueError(f"{where}: after ? at most since=2026-09-01 and move=FOLDER, with & between")
        found[name] = unquote(value)
    return found


def _read_day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise ValueError(f"{where}: since is not a day like 2026-09-01") from fault


def _read_queue(text: str) -> str:
    if not _QUEUE.fullmatch(text):
        raise ValueError(f"{text!r} is not the name of a queue")
    return text
