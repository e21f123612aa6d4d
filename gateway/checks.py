"""What must be right before the first port opens, beyond the single variables: flows, rules, that they fit, a place for
files, and the words in every language."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from channels.vouching.installed import cannot_check
from gateway import blobs, solutions
from gateway.config import Config
from gateway.hosting.certificates import certificate
from gateway.messages.replies import read_replies
from gateway.ruling import rules_of
from ivr.checks import check_all
from routing.rules import RulesError, load_rules

HOME_ZONE = "Europe/Stockholm"


def faults(config: Config | None) -> list[str]:
    """Every fault, a line each; without a configuration, those that can be seen without one."""
    found = [f"flow {fault}" for fault in check_all()]
    try:
        rules = rules_of(config.data_dir) if config else load_rules()
    except RulesError as problem:
        found += [f"rules: {fault}" for fault in problem.faults]
    else:
        found += _unknown_queues(config, frozenset(rules.queues)) if config else []
    found += blobs.faults(config.blob_url) if config else []
    found += [*_listening(config), *_certificate(config), *_mail_checks(config)] if config else []
    try:
        read_replies()
    except ValueError as problem:
        found.append(str(problem))
    found += solutions.faults()
    try:
        ZoneInfo(HOME_ZONE)
    except ZoneInfoNotFoundError:
        found.append("time zones: the zone data is missing; install requirements.lock")
    return found


def _listening(config: Config) -> Iterator[str]:
    for name, host in (("HTTP_HOST", config.http_host), ("SMTP_HOST", config.smtp_host)):
        try:
            socket.getaddrinfo(host, None, flags=socket.AI_PASSIVE)
        except (OSError, UnicodeError):
            yield f"{name}: {host!r} is not an address to listen on, like 127.0.0.1 or 0.0.0.0"


def _certificate(config: Config) -> Iterator[str]:
    try:
        certificate(config)
    except OSError as problem:
        yield f"SMTP_TLS_CERT: not a certificate in PEM with SMTP_TLS_KEY as its key, without a passphrase ({problem})"


def _mail_checks(config: Config) -> Iterator[str]:
    if config.mail_checks == "on" and (fault := cannot_check(config.mail_checks_dns)):
        yield f"MAIL_CHECKS: {fault}"


def _unknown_queues(config: Config, known: frozenset[str]) -> Iterator[str]:
    wanted = [("MAIL_ADDRESSES", address.address, address.queue) for address in config.mail_addresses]
    wanted += [("IMAP_URLS", f"{mailbox.user}@{mailbox.host}", mailbox.queue) for mailbox in config.imap_urls]
    for name, where, queue in wanted:
        if queue and queue not in known:
            yield f"{name}: {where}: there is no queue {queue!r}, only {', '.join(sorted(known))}"
