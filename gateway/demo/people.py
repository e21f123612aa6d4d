"""How the demo's people reach us: by the real doors and by nothing else.

Each of them tells one story by the door of its channel. A door that does not answer is tried again with the same
Message-ID, form, key or MessageSid, so that nothing is told twice; a call that broke is made anew. Raises NotTold when
a door says no for good.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from html import unescape
from typing import Any

import aiosmtplib
from aiohttp import ClientError, ClientSession, ClientTimeout, FormData

from channels.report import Channel
from gateway.demo.callers import Caller
from gateway.demo.phone import Line
from gateway.demo.photos import photo
from gateway.demo.stories import Story
from gateway.demo.twiml import Broken

TRIES = 8
PAUSE = 1.0  # seconds before the second try; doubles, at most 30
PATIENCE = ClientTimeout(total=30.0)
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
PHONE_SIGNATURES = ("Skickat från min iPhone", "Sent from my iPhone", "Hämta Outlook för Android")


class NotTold(Exception):
    """A door refused a story for good, or never answered."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the doors of an installation are. `name` makes identifiers of this installation unlike any other's."""

    name: str
    url: str
    mail: tuple[str, int]
    address: str
    token: str
    line: Line
    session: ClientSession
    pace: float = 0.0
    forms: dict[int, str] = field(default_factory=dict)  # tokens of forms that were opened and not yet sent


async def tell(doors: Doors, story: Story) -> None:
    """Tell one story. Raises NotTold."""
    ways: dict[Channel, Callable[[Doors, Story], Awaitable[None]]] = {
        Channel.EMAIL: _mail,
        Channel.FORM: _form,
        Channel.PHONE: _call,
        Channel.SMS: _text,
        Channel.ALARM: _alarm,
        Channel.PORTAL: _api,
        Channel.API: _api,
    }
    pause = PAUSE
    for _ in range(TRIES):
        try:
            await ways[story.channel](doors, story)
        except (ClientError, TimeoutError, aiosmtplib.SMTPException, OSError, Broken, _Later) as problem:
            why = problem
            await asyncio.sleep(pause)
            pause = min(2 * pause, 30.0)
        else:
            return
    raise NotTold(f"{story.channel}: {type(why).__name__}")


class _Later(Exception):
    """The door answers that it should be tried again."""


async def _mail(doors: Doors, story: Story) -> None:
    try:
        await aiosmtplib.send(_composed(doors, story), hostname=doors.mail[0], port=doors.mail[1], timeout=30)
    except aiosmtplib.SMTPRecipientsRefused as refused:
        raise (NotTold if refused.recipients[0].code >= 500 else _Later)("mail") from refused
    except aiosmtplib.SMTPResponseException as refused:
        raise (NotTold if refused.code >= 500 else _Later)("mail") from refused


def _composed(doors: Doors, story: Story) -> EmailMessage:
    sender = story.sender
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(sender.name or "", addr_spec=sender.email or "")
    message["To"] = doors.address
    message["Subject"] = story.subject or ""
    message["Date"] = story.at
    message["Message-ID"] = f"<{_id(doors, story)}@mail.example>"
    signature = story.chance.choice((*PHONE_SIGNATURES, "", "", ""))
    message.set_content(f"{story.text.rstrip()}\n" + (f"\n{signature}\n" if signature else ""))
    return message


async def _form(doors: Doors, story: Story) -> None:
    """Open the form, as everybody does, and send it with the token that it holds."""
    token = doors.forms.get(story.nth) or await _form_token(doors, story)
    sender = story.sender
    data = FormData()
    given = {
        "form_token": token,
        "language": story.language,
        "name": sender.name,
        "phone": sender.phone,
        "email": sender.email,
        "charger": story.charger,
        "text": story.text,
    }
    for name, value in given.items():
        data.add_field(name, value or "")
    if story.chance.random() < 0.25:
        content = await asyncio.to_thread(photo, story.charger or "")
        data.add_field("photo", content, filename="IMG_0042.jpg", content_type="image/jpeg")
    await _post(doors, f"{doors.url}/report", data=data, allow_redirects=False)
    del doors.forms[story.nth]


async def _form_token(doors: Doors, story: Story) -> str:
    language = "sv" if story.language == "sv" else "en"
    async with doors.session.get(f"{doors.url}/report", params={"lang": language}, timeout=PATIENCE) as page:
        found = TOKEN.search(await page.text())
    if page.status >= 500 or not found:
        raise _Later
    token = doors.forms[story.nth] = unescape(found[1])
    return token


async def _call(doors: Doors, story: Story) -> None:
    caller = Caller(story.text, story.language, story.charger, story.sender.phone, story.chance, doors.pace)
    await caller.ring(doors.line)


async def _text(doors: Doors, story: Story) -> None:
    line = doors.line
    sid = f"SM{_id(doors, story)}"
    fields = {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": line.account,
        "From": story.sender.phone or "",
        "To": line.number,
        "Body": story.text,
        "NumMedia": "0",
        "ApiVersion": "2010-04-01",
    }
    status, _ = await line.post("/twilio/sms", fields)
    if line.texted:
        line.texted(sid, fields["From"], story.text)
    _judge(status)


async def _alarm(doors: Doors, story: Story) -> None:
    alarm = story.alarm
    body: dict[str, Any] = {
        "id": _id(doors, story),
        "at": story.at.isoformat(),
        "charger": story.charger,
        "protocol": alarm.protocol if alarm else "ocpp1.6",
    }
    if alarm:
        body |= {
            "connector": alarm.connector,
            "status": alarm.status,
            "error": alarm.error,
            "vendor_id": alarm.vendor_id,
            "vendor_code": alarm.vendor_code,
            "info": alarm.info,
        }
    await _post(doors, f"{doors.url}/api/v1/alarms", json=_given(body), headers=_bearer(doors))


async def _api(doors: Doors, story: Story) -> None:
    sender = story.sender
    body = {
        "from": _given({"name": sender.name, "phone": sender.phone, "email": sender.email}),
        "subject": story.subject,
        "text": story.text,
        "charger": story.charger,
        "language": story.language,
    }
    headers = {**_bearer(doors), "Idempotency-Key": _id(doors, story)}
    await _post(doors, f"{doors.url}/api/v1/reports", json=_given(body), headers=headers)


async def _post(doors: Doors, url: str, **given: Any) -> None:
    async with doors.session.post(url, timeout=PATIENCE, **given) as answer:
        await answer.read()
        _judge(answer.status)


def _judge(status: int) -> None:
    if status == 429 or status >= 500:
        raise _Later
    if status >= 400:
        raise NotTold(f"status {status}")


def _id(doors: Doors, story: Story) -> str:
    """32 hexadecimal digits that name a story of this installation for ever."""
    return sha256(f"{doors.name} {story.nth}".encode()).hexdigest()[:32]


def _bearer(doors: Doors) -> dict[str, str]:
    return {"Authorization": f"Bearer {doors.token}"}


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
