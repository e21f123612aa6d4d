"""How the outbox's messages leave: mail through OUTBOUND_SMTP_URL, texts through the telephony provider.

A `Post` never raises: a server that cannot be reached or asks to wait is `deferred`, one whose answer was lost is
`uncertain`, one that refuses is `failed`. While something is not configured its messages are `deferred` with a reason
that says what lacks, so that nothing is thrown away.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import unquote, urlsplit

import aiosmtplib

from channels.provider import Account, Deferred, Provider, Refused, Sent, Uncertain, open_provider
from gateway.clock import Clock
from gateway.config import Config
from gateway.outbox import PATIENCE, Delivery, Outgoing, Post
from gateway.runtime import Runtime
from gateway.threads import message_id, reply_token

MAIL_SECONDS = 30.0
NAME = "Switchyard"
CONTROL = dict.fromkeys([*range(32), 127, 0x85, 0x2028, 0x2029], " ")


@asynccontextmanager
async def connect_post(runtime: Runtime) -> AsyncIterator[Mapping[str, Post]]:
    """The ways out of this installation, by channel."""
    config = runtime.config
    async with AsyncExitStack() as stack:
        account = account_of(config)
        provider = await stack.enter_async_context(open_provider(account)) if account else None
        number = next((one.number for one in config.twilio_numbers if one.sms), None)
        yield {"email": MailPost(config, runtime.clock), "sms": TextPost(provider, number, runtime.clock)}


def account_of(config: Config) -> Account | None:
    """The provider's account as it is configured; None without one."""
    if not config.twilio_account_sid:
        return None
    return Account(
        sid=config.twilio_account_sid,
        token=config.twilio_auth_token,
        api_url=config.twilio_api_url,
        public_url=config.public_url.rstrip("/"),
        key=config.twilio_api_key,
        secret=config.twilio_api_secret,
        app=config.twilio_app_sid,
        own=[number.number for number in config.twilio_numbers],
    )


def sender_of(config: Config) -> str | None:
    """The address that our mails come from; None when no mail domain is ours."""
    if config.mail_addresses:
        return config.mail_addresses[0].address
    return f"support@{config.mail_domains[0]}" if config.mail_domains else None


class MailPost:
    """Sends mail; every attempt of one message carries the same Message-ID."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config, self._clock = config, clock

    async def deliver(self, outgoing: Outgoing) -> Delivery:
        if not (url := self._config.outbound_smtp_url):
            return Delivery("deferred", "OUTBOUND_SMTP_URL is not set")
        if not (sender := sender_of(self._config)):
            return Delivery("deferred", "MAIL_DOMAINS is not set")
        try:
            message = self._composed(outgoing, sender)
        except (ValueError, UnicodeError) as error:
            return Delivery("failed", f"not an address that can be written to ({type(error).__name__})")
        return await _sent(message, sender, outgoing.recipient, url)

    def _composed(self, outgoing: Outgoing, sender: str) -> EmailMessage:
        """The mail. Raises ValueError for a recipient that is no address."""
        local, _, domain = sender.rpartition("@")
        keys = self._config.secret_keys
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(NAME, addr_spec=sender)
        message["To"] = Address(addr_spec=outgoing.recipient)
        message["Subject"] = outgoing.words.subject.translate(CONTROL)
        message["Date"] = self._clock.now()
        message["Message-ID"] = message_id(keys, outgoing.id, domain)
        message["Reply-To"] = Address(NAME, f"{local}+{reply_token(keys, outgoing.case)}", domain)
        if outgoing.answers:
            message["In-Reply-To"] = message["References"] = outgoing.answers
        if outgoing.automatic:
            message["Auto-Submitted"] = "auto-replied"
            message["X-Auto-Response-Suppress"] = "All"
        message.set_content(outgoing.words.text)
        return message


class TextPost:
    """Sends SMS from `number` through the provider."""

    def __init__(self, provider: Provider | None, number: str | None, clock: Clock) -> None:
        self._provider, self._number, self._clock = provider, number, clock

    async def deliver(self, outgoing: Outgoing) -> Delivery:
        if self._provider is None:
            return Delivery("deferred", "TWILIO_ACCOUNT_SID is not set")
        if self._number is None:
            return Delivery("deferred", "TWILIO_NUMBERS has no number for SMS")
        # A first attempt may have got through although its answer was lost: look for it before sending again.
        since = self._clock.now() - PATIENCE if outgoing.attempt > 1 else None
        answer = await self._provider.text(outgoing.recipient, self._number, outgoing.words.text, since)
        match answer:
            case Sent():
                return Delivery("sent", provider_id=answer.sid)
            case Deferred():
                return Delivery("deferred", answer.reason)
            case Uncertain():
                return Delivery("uncertain", answer.reason)
            case Refused():
                return Delivery("failed", answer.reason)


async def _sent(message: EmailMessage, sender: str, recipient: str, url: str) -> Delivery:
    where = urlsplit(url)
    try:
        async with aiosmtplib.SMTP(
            hostname=where.hostname,
            port=where.port,
            username=unquote(where.username) if where.username else None,
            password=unquote(where.password) if where.password else None,
            local_hostname=sender.rpartition("@")[2],
            timeout=MAIL_SECONDS,
            use_tls=where.scheme == "smtps",
            start_tls=where.scheme == "smtp+starttls",
        ) as server:
            await server.send_message(message, sender=sender, recipients=[recipient])
    except aiosmtplib.SMTPRecipientsRefused as refused:
        return _refused(refused.recipients[0].code)
    except aiosmtplib.SMTPAuthenticationError as refused:
        return Delivery("deferred", f"the mail server refuses our credentials ({refused.code})")
    except aiosmtplib.SMTPResponseException as refused:
        return _refused(refused.code)
    except aiosmtplib.SMTPConnectError as error:
        return Delivery("deferred", f"the mail server cannot be reached ({type(error).__name__})")
    except aiosmtplib.SMTPNotSupported:
        return Delivery("failed", "the mail server cannot take an address like this")
    except (aiosmtplib.SMTPException, OSError) as error:
        return Delivery("uncertain", type(error).__name__)
    except ValueError as error:
        return Delivery("failed", f"not an address that can be written to ({type(error).__name__})")
    return Delivery("sent")


def _refused(code: int) -> Delivery:
    """What a reply code means (RFC 5321, 4.2.1): 4yz may be tried again, 5yz may not."""
    state = "failed" if 500 <= code <= 599 else "deferred"
    return Delivery(state, f"the mail server answered {code}")
