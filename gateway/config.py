"""One frozen, typed configuration, read once; no other module looks at the environment.

`load` tells every fault at once, a line each, and never a secret's value. On loopback a missing secret is generated and
kept in DATA_DIR/secrets (mode 0600); beyond loopback (HTTP_HOST or PUBLIC_URL) nothing is guessed: see `_exposed`.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from channels.mail_users import METHOD, named
from gateway.hosting import folders
from gateway.settings import (
    MailAddress,
    Mailbox,
    NameServer,
    Number,
    on_loopback,
    read_domain,
    read_mail_address,
    read_mailbox,
    read_name_server,
    read_network,
    read_number,
    read_phone,
    read_public_url,
    read_relay,
    read_sid,
    separate,
    url_of,
    whole,
)

EX_CONFIG = 78
PLACEHOLDER = "change-me"
DEMO_DOMAIN = "support.example"
SECRETS = ("ADMIN_TOKEN", "SECRET_KEYS", "TWILIO_AUTH_TOKEN")
_DEBUG = ("DEBUG", "PYTHONASYNCIODEBUG", "PYTHONDEVMODE", "CRASH_AT")
_TOGETHER = (
    ("TWILIO_API_KEY", "TWILIO_API_SECRET"),
    ("SMTP_TLS_CERT", "SMTP_TLS_KEY"),
    ("MAIL_TOKEN_URL", "MAIL_TOKEN_CLIENT"),
    ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"),
)
_NEEDED = {  # without which another does nothing
    "TWILIO_API_KEY": "TWILIO_ACCOUNT_SID",
    "TWILIO_APP_SID": "TWILIO_API_KEY",
    "MAIL_TOKEN_SECRET": "MAIL_TOKEN_URL",
    "MAIL_TOKEN_SCOPE": "MAIL_TOKEN_URL",
    "MAIL_TOKEN_REFRESH": "MAIL_TOKEN_URL",
}

MOST_PROCESSES = 4  # of the role `web`, unless more are asked for
COMMON = {"OPENBLAS_NUM_THREADS": "1"}  # we make processes as copies of one that has no threads yet

Port = Annotated[int, BeforeValidator(whole(0, 65535))]
Processes = Annotated[int, BeforeValidator(whole(1, 32))]
Phone = Annotated[str, BeforeValidator(read_phone)]
WebUrl = Annotated[str, BeforeValidator(url_of("http", "https"))]
PublicUrl = Annotated[str, BeforeValidator(read_public_url)]
DatabaseUrl = Annotated[str, BeforeValidator(url_of("postgresql", "postgres"))]
RedisUrl = Annotated[str, BeforeValidator(url_of("redis", "rediss", "unix", "redis+sentinel", "redis+cluster"))]
MailUrl = Annotated[str, BeforeValidator(read_relay)]
# RFC 5321 gives 64 characters: with "+", a number of ten digits, "." and a seal of 32 this much is left for answers.
LONGEST_LOCAL = 20


class ConfigError(Exception):
    """The configuration cannot be used. `faults` are sentences of one line each, `NAME: what is wrong`."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Config(BaseSettings):
    """Every variable of the environment that we know, under its name in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    port: Port = 8080
    smtp_port: Port = 8025
    web_processes: Processes = Field(default_factory=lambda: min(_cores(), MOST_PROCESSES))
    http_host: str = "127.0.0.1"
    smtp_host: str = "127.0.0.1"
    lmtp_port: Port | None = None
    data_dir: Path = Path("var")
    database_url: DatabaseUrl | None = Field(None, repr=False)
    database_direct_url: DatabaseUrl | None = Field(None, repr=False)
    redis_url: RedisUrl | None = Field(None, repr=False)
    blob_url: str = Field("", repr=False)
    public_url: PublicUrl = ""
    admin_token: str = Field("", repr=False)
    secret_keys: Annotated[tuple[str, ...], BeforeValidator(separate(str))] = Field((), repr=False)

    twilio_account_sid: Annotated[str | None, BeforeValidator(read_sid("AC", "an account"))] = None
    twilio_auth_token: str = Field("", repr=False)
    twilio_auth_token_next: str | None = Field(None, repr=False)
    twilio_api_key: Annotated[str | None, BeforeValidator(read_sid("SK", "an API key"))] = None
    twilio_api_secret: str | None = Field(None, repr=False)
    twilio_app_sid: Annotated[str | None, BeforeValidator(read_sid("AP", "a TwiML app"))] = None
    twilio_api_url: WebUrl = "https://api.twilio.com"
    twilio_numbers: Annotated[tuple[Number, ...], BeforeValidator(separate(read_number))] = ()
    last_resort_number: Phone | None = None
    recording_consent: Literal["announce", "ask", "never"] = "ask"
    live_captions: Literal["on", "off"] = "off"

    mail_domains: Annotated[tuple[str, ...], BeforeValidator(separate(read_domain))] = ()
    mail_addresses: Annotated[tuple[MailAddress, ...], BeforeValidator(separate(read_mail_address))] = ()
    mail_authserv: Annotated[tuple[str, ...], BeforeValidator(separate(read_domain))] = ()
    mail_checks: Literal["on", "off"] = "off"
    mail_checks_dns: Annotated[tuple[NameServer, ...], BeforeValidator(separate(read_name_server))] = ()
    smtp_tls_cert: Path | None = None
    smtp_tls_key: Path | None = None
    outbound_smtp_url: MailUrl | None = Field(None, repr=False)
    mail_token_url: WebUrl | None = None
    mail_token_client: str | None = None
    mail_token_secret: str | None = Field(None, repr=False)
    mail_token_scope: str | None = None
    mail_token_refresh: str | None = Field(None, repr=False)

    imap_urls: Annotated[tuple[Mailbox, ...], BeforeValidator(separate(read_mailbox, secret=True))] = ()

    transcriber_url: WebUrl | None = Field(None, repr=False)
    chargers_url: WebUrl | None = None
    oidc_issuer: WebUrl | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = Field(None, repr=False)
    platform_health_url: WebUrl | None = None
    otel_exporter_otlp_endpoint: WebUrl | None = None
    sentry_dsn: WebUrl | None = Field(None, repr=False)
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(separate(read_network))] = ()

    crash_at: Path | None = None

    notes: tuple[str, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    @property
    def figures(self) -> Path:
        """Where the processes that share our port count together."""
        return self.data_dir / "figures" / str(self.port)

    @property
    def pooled(self) -> bool:
        """Whether a pooler stands between us and PostgreSQL."""
        return self.database_direct_url not in (None, self.database_url)

    @property
    def direct_url(self) -> str:
        """For LISTEN, migrations, commands and locks that outlive a transaction; empty without a database."""
        return self.database_direct_url or self.database_url or ""

    @property
    def exposed(self) -> bool:
        """True when the pages are meant for somebody beyond this machine."""
        host = self.public_url.split("://", 1)[-1].split("/", 1)[0].rpartition("@")[2]
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        return not on_loopback(self.http_host) or (bool(host) and not on_loopback(name))


NAMES = tuple(name.upper() for name in Config.model_fields if name != "notes")


def from_environment() -> Config:
    """The configuration of this process. Raises ConfigError."""
    return load(child_environment())


def child_environment(**changed: str) -> dict[str, str]:
    """Our environment, what it lacks filled in from a file `.env` in the working folder, and then `changed`."""
    written = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**COMMON, **written, **os.environ, **changed}


def settle(environ: Mapping[str, str]) -> None:
    """Make this our environment and that of our copies, also for the libraries that look at it."""
    os.environ.update(environ)


def load(environ: Mapping[str, str]) -> Config:
    """Read the variables, an empty one counting as missing. Makes DATA_DIR and, on loopback, the secrets that lack.

    Raises ConfigError with every fault at once.
    """
    given = {name: environ[name].strip() for name in NAMES if environ.get(name, "").strip()}
    faults = []
    try:
        config = Config(**_lower(given))  # type: ignore[arg-type]
    except ValidationError as problem:
        wrong = {str(fault["loc"][0]).upper(): fault["msg"].removeprefix("Value error, ") for fault in problem.errors()}
        faults = [f"{name}: {line}" for name, message in sorted(wrong.items()) for line in message.splitlines()]
        given = {name: value for name, value in given.items() if name not in wrong}
        config = Config(**_lower(given))  # type: ignore[arg-type]
    faults += _contradictions(config, given)
    faults += _exposed(config, given, environ) if config.exposed else []
    if faults:
        raise ConfigError(faults)
    return _completed(config, given)


def lacking(config: Config) -> Iterator[str]:
    """What does not work for want of a setting whose neighbour is there, a line each."""
    if config.twilio_account_sid and not config.twilio_numbers:
        yield "TWILIO_NUMBERS is not set, though TWILIO_ACCOUNT_SID is: nobody can be rung or texted"
    if config.twilio_numbers and not config.twilio_account_sid:
        yield "TWILIO_ACCOUNT_SID is not set, though TWILIO_NUMBERS is: nobody can be rung or texted"
    if config.mail_addresses and not config.outbound_smtp_url:
        yield "OUTBOUND_SMTP_URL is not set, though MAIL_ADDRESSES is: mails to customers wait"


def _cores() -> int:
    """How many processors we may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _lower(given: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in given.items()}


def _contradictions(config: Config, given: Mapping[str, str]) -> Iterator[str]:
    for names in _TOGETHER:
        if missing := [name for name in names if name not in given]:
            yield from (
                f"{name}: missing, because {names[0]} … are set" for name in missing if len(missing) < len(names)
            )
    for name, needed in _NEEDED.items():
        if name in given and needed not in given:
            yield f"{needed}: missing, because {name} is set"
    if config.http_host == config.smtp_host and config.port == config.smtp_port != 0:
        yield f"SMTP_PORT: {config.smtp_port} is PORT as well"
    if config.lmtp_port == config.smtp_port != 0:
        yield f"LMTP_PORT: {config.lmtp_port} is SMTP_PORT as well"
    if config.http_host == config.smtp_host and config.port == config.lmtp_port != 0:
        yield f"LMTP_PORT: {config.lmtp_port} is PORT as well"
    for name, path, unwanted in (
        ("SMTP_TLS_CERT", config.smtp_tls_cert, 0),
        ("SMTP_TLS_KEY", config.smtp_tls_key, 0o007),
    ):
        if path:
            yield from _file_faults(name, path, unwanted)
    relay = urlsplit(config.outbound_smtp_url or "")
    by_token = named(relay.username)[1] or any(box.password is None for box in config.imap_urls)
    if by_token and "MAIL_TOKEN_URL" not in given:
        yield f"MAIL_TOKEN_URL: missing, because a URL says {METHOD}"
    for name, url in (("MAIL_TOKEN_URL", config.mail_token_url), ("TWILIO_API_URL", config.twilio_api_url)):
        asked = urlsplit(url or "")
        if asked.scheme == "http" and not on_loopback(asked.hostname or ""):
            yield f"{name}: without TLS, use https://"
    yield from _twice("TWILIO_NUMBERS", [ours.number for ours in config.twilio_numbers])
    yield from _twice("MAIL_ADDRESSES", [ours.address for ours in config.mail_addresses])
    yield from _twice("IMAP_URLS", [f"{box.folder} of {box.user}@{box.host}" for box in config.imap_urls])
    if config.last_resort_number in [ours.number for ours in config.twilio_numbers]:
        yield f"LAST_RESORT_NUMBER: {config.last_resort_number} is in TWILIO_NUMBERS: calls would go in circles"
    domains = config.mail_domains
    for address in config.mail_addresses:
        if domains and address.address.rpartition("@")[2] not in domains:
            yield f"MAIL_ADDRESSES: {address.address} is in none of MAIL_DOMAINS"
    for first in config.mail_addresses[:1]:
        if len(first.address.rpartition("@")[0]) > LONGEST_LOCAL:
            yield f"MAIL_ADDRESSES: {first.address}: the first has more than {LONGEST_LOCAL} characters before the @"


def _twice(name: str, named: Sequence[str]) -> Iterator[str]:
    yield from (f"{name}: {one} is there twice" for one, times in Counter(named).items() if times > 1)


def _file_faults(name: str, path: Path, unwanted: int) -> Iterator[str]:
    try:
        mode = path.stat().st_mode & 0o777
        path.open("rb").close()
    except OSError as problem:
        yield f"{name}: {path}: {problem.strerror}"
        return
    if mode & unwanted:
        yield f"{name}: {path} is readable by others (mode {mode:04o}): chmod 600 it"


def _exposed(config: Config, given: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[str]:
    """What is refused as soon as the pages are not for this machine only."""
    for name in SECRETS:
        if name not in given:
            yield f"{name}: missing; generated secrets are for loopback only"
    for name, value in given.items():
        if PLACEHOLDER in value:
            yield f"{name}: still the value of .env.example"
    for key in config.secret_keys:
        if len(key) < 32 and PLACEHOLDER not in key:
            yield "SECRET_KEYS: a key is shorter than 32 characters"
    if config.admin_token and len(config.admin_token) < 16 and PLACEHOLDER not in config.admin_token:
        yield "ADMIN_TOKEN: shorter than 16 characters"
    if not config.public_url:
        yield "PUBLIC_URL: missing; set the https:// address that customers use"
    elif config.public_url.startswith("http://"):
        yield "PUBLIC_URL: http:// is for loopback only, use https://"
    for name in _DEBUG:
        if environ.get(name, "").strip().lower() not in {"", "0", "false", "no", "off"}:
            yield f"{name}: debugging is for loopback only"


def _completed(config: Config, given: Mapping[str, str]) -> Config:
    data_dir = config.data_dir.absolute()
    try:
        folders.make(data_dir)
    except OSError as problem:
        raise ConfigError([f"DATA_DIR: {data_dir}: {problem.strerror}"]) from problem
    host = f"[{config.http_host}]" if ":" in config.http_host else config.http_host
    changes: dict[str, object] = {
        "data_dir": data_dir,
        "public_url": config.public_url or f"http://{host}:{config.port}",
        "blob_url": config.blob_url or (data_dir / "blobs").as_uri(),
    }
    if not config.mail_domains:
        domains = dict.fromkeys(address.address.rpartition("@")[2] for address in config.mail_addresses)
        changes["mail_domains"] = tuple(domains) or (() if config.exposed else (DEMO_DOMAIN,))
    notes, faults = [*lacking(config)], []
    for name in SECRETS:
        if name not in given:
            try:
                value = _kept_secret(data_dir / "secrets" / name)
            except (OSError, ValueError) as problem:
                faults.append(f"{name}: {problem}")
                continue
            changes[name.lower()] = (value,) if name == "SECRET_KEYS" else value
            notes.append(f"{name} is not set: using the generated one in {data_dir / 'secrets' / name}")
    if faults:
        raise ConfigError(faults)
    return config.model_copy(update={**changes, "notes": tuple(notes)})


def _kept_secret(path: Path) -> str:
    folders.make(path.parent, 0o700)
    if not path.exists():
        folders.write_private(path, secrets.token_urlsafe(32), replace=False)
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise ValueError(f"{path} is readable by others (mode {mode:04o}): chmod 600 it")
    if not (value := path.read_text(encoding="utf-8").strip()):
        raise ValueError(f"{path} is empty: remove it")
    return value
