"""How the outbox's messages leave: mail through OUTBOUND_SMTP_URL, texts through the telephony provider.

A `Post` never raises: a server that cannot be reached or asks to wait is `deferred`, one whose answer was lost is
`uncertain`, one that refuses is `failed`. While something is not configured its messages are `deferred` with a reason
that says what lacks, so that nothing is thrown away.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from channels import outbound
from channels.mail_tokens import Grant, Tokens
from channels.provider import Account, Deferred, Provider, Refused, Sent, Uncertain, open_provider
from gateway.blobs import Blobs, BlobsUnavailable
from gateway.config import Config
from gateway.messages.outbox import FEWER, Delivery, Outgoing, Post
from gateway.messages.threads import message_id, reply_token, report_token, return_token
from gateway.notify import sender_name
from gateway.runtime import Runtime


@asynccontextmanager
async def connect_post(runtime: Runtime) -> AsyncIterator[Mapping[str, Post]]:
    """The ways out of this installation, by channel."""
    config = runtime.config
    async with AsyncExitStack() as stack:
        account = account_of(config)
        provider = await stack.enter_async_context(open_provider(account)) if account else None
        number = next((one.number for one in config.twilio_numbers if one.sms), None)
        yield {"email": MailPost(config, runtime.blobs), "sms": TextPost(provider, number)}


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
        spare=config.twilio_auth_token_next,
        own=[number.number for number in config.twilio_numbers],
    )


def sender_of(config: Config) -> str | None:
    """The address that our mails come from; None when no mail domain is ours."""
    if config.mail_addresses:
        return config.mail_addresses[0].address
    return f"support@{config.mail_domains[0]}" if config.mail_domains else None


def phone_of(config: Config) -> str | None:
    """The number that customers are told to call."""
    return next((number.number for number in config.twilio_numbers if number.voice), None)


def mail_ids(config: Config) -> Callable[[int], str | None]:
    """What makes the Message-ID of a message; None when no mail domain is ours."""
    sender = sender_of(config)
    domain = sender.rpartition("@")[2] if sender else None
    return lambda message: message_id(config.secret_keys, message, domain) if domain else None


def mail_tokens(config: Config) -> Tokens | None:
    """What opens mailboxes and the relay without a password; None when it is not configured."""
    if not config.mail_token_url or not config.mail_token_client:
        return None
    grant = Grant(
        config.mail_token_url,
        config.mail_token_client,
        config.mail_token_secret,
        config.mail_token_scope,
        config.mail_token_refresh,
    )
    return Tokens(grant)


class MailPost:
    """Sends mail; every attempt of one message is the same mail with the same Message-ID.

    It comes back to an address that says which it is; a relay that lets us send from our own alone gets that one.
    """

    def __init__(self, config: Config, blobs: Blobs) -> None:
        self._config, self._blobs, self._tokens = config, blobs, mail_tokens(config)

    async def deliver(self, outgoing: Outgoing) -> Delivery:
        if not (url := self._config.outbound_smtp_url):
            return Delivery("deferred", "OUTBOUND_SMTP_URL is not set")
        if not (sender := sender_of(self._config)) or not outgoing.mail_id:
            return Delivery("deferred", "MAIL_DOMAINS is not set")
        try:
            raw = outbound.compose(self._mail(outgoing, outgoing.mail_id, sender, await self._files(outgoing)))
        except BlobsUnavailable:
            return Delivery("deferred", "the files cannot be read")
        except ValueError as fault:  # Unsendable, or what the library finds to be no header
            return Delivery("failed", str(fault))
        send = partial(outbound.send, copies=outgoing.copies, for_all=not outgoing.waited, tokens=self._tokens)
        returns = _with_token(sender, return_token(outgoing.mail_id))
        answer = await send(raw, returns, outgoing.recipient, url)
        if isinstance(answer, outbound.Refused) and answer.sender:
            answer = await send(raw, sender, outgoing.recipient, url)
        match answer:
            case outbound.Sent(without=without):
                return Delivery("sent", FEWER if without else "")
            case outbound.Deferred():
                return Delivery("uncertain" if answer.uncertain else "deferred", answer.reason)
            case outbound.Refused():
                return Delivery("failed", answer.reason)

    async def _files(self, outgoing: Outgoing) -> list[outbound.File]:
        """The files as they are now; one that was erased meanwhile is left out."""
        read = [(one, await self._blobs.read(one.digest)) for one in outgoing.files]
        return [outbound.File(one.name, one.media_type, content) for one, content in read if content is not None]

    def _mail(self, outgoing: Outgoing, mail_id: str, sender: str, files: Sequence[outbound.File]) -> outbound.Mail:
        return outbound.Mail(
            message_id=mail_id,
            date=outgoing.since,
            sender=sender,
            sender_name=sender_name(outgoing.language),
            recipient=outgoing.recipient,
            copies=outgoing.copies,
            reply_to=self._answered_to(outgoing, sender),
            subject=outgoing.words.subject,
            text=outgoing.words.text,
            in_reply_to=outgoing.answers,
            references=outgoing.before,
            language=outgoing.language,
            automatic=outgoing.automatic,
            above=outgoing.above,
            quoted=outgoing.quoted,
            files=files,
        )

    def _answered_to(self, outgoing: Outgoing, sender: str) -> str:
        keys = self._config.secret_keys
        if outgoing.report is not None:
            return _with_token(sender, report_token(keys, outgoing.report))
        return sender if outgoing.case is None else _with_token(sender, reply_token(keys, outgoing.case))


class TextPost:
    """Sends SMS from `number` through the provider."""

    def __init__(self, provider: Provider | None, number: str | None) -> None:
        self._provider, self._number = provider, number

    async def deliver(self, outgoing: Outgoing) -> Delivery:
        if self._provider is None:
            return Delivery("deferred", "TWILIO_ACCOUNT_SID is not set")
        if self._number is None:
            return Delivery("deferred", "TWILIO_NUMBERS has no number for SMS")
        # An attempt whose answer was lost may have got through: look for it before sending again.
        since = outgoing.since if outgoing.perhaps else None
        text = outgoing.words.text
        answer = await self._provider.text(outgoing.recipient, self._number, text, since, outgoing.others)
        match answer:
            case Sent():
                return Delivery("sent", provider_id=answer.sid)
            case Deferred():
                return Delivery("deferred", answer.reason)
            case Uncertain():
                return Delivery("uncertain", answer.reason)
            case Refused():
                return Delivery("failed", answer.reason)


def _with_token(address: str, token: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"
