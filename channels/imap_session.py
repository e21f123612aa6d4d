"""One connection to one IMAP folder (RFC 9051, RFC 3501), for a thread: list, fetch without marking, mark, wait.

What a server answers wrongly raises `Trouble`; then the connection is given up, and nothing has been marked. `Denied`
means that it does not let us in. Folder names are checked by us, whatever the Python version does (CVE-2025-15366).
"""

from __future__ import annotations

import imaplib
import re
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, IMAPClientReadOnlyError, LoginError

SLICE = 0.5  # seconds between looks at whether to stop waiting
_TIMEOUT = SocketTimeout(connect=15, read=60)
# Bytes of a line: a listing is one, and the library's megabyte holds no more than 125,000 mails.
imaplib._MAXLINE = 32 * 1024 * 1024  # type: ignore[attr-defined]
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f"\\]')
_WRONG = (IMAPClientError, OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError)


class Trouble(Exception):
    """The server is away or answers what it should not."""


class Denied(Exception):
    """The server does not let us in."""


class NotMarked(Exception):
    """The server will not mark or move mails; it goes on handing them out."""


@dataclass(frozen=True, slots=True)
class Account:
    """A folder to read. `move_to` is where read mails go; without one they are marked as seen. Of what lies there at
    the first start only mails `since` a day are taken in.
    """

    host: str
    port: int
    user: str
    password: str | None = field(repr=False)  # None: whoever opens it brings a token
    folder: str = "INBOX"
    tls: bool = True
    queue: str | None = None
    move_to: str | None = None
    since: date | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a name that could end a command and begin another."""
        for text in (self.folder, self.move_to or "", self.user, self.host):
            if _UNSAFE.search(text):
                raise ValueError("a control character, quote or backslash in a mailbox's name")
        if not self.tls and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("without TLS only on this machine")

    @property
    def name(self) -> str:
        """What the mailbox is called in records: no secret in it."""
        return f"{self.user}@{self.host}/{self.folder}"


@dataclass(frozen=True, slots=True)
class Lying:
    """A mail in the folder: its bytes, 0 where the server leaves them out, and since when it is in a mailbox."""

    size: int = 0
    since: datetime | None = None


class Session:
    """An open folder."""

    def __init__(self, account: Account, tls_context: ssl.SSLContext | None = None, token: str | None = None) -> None:
        """Connect, log in (by a token where there is no password), select. Raises Trouble or Denied."""
        self._account = account
        try:
            context = tls_context or (ssl.create_default_context() if account.tls else None)
            self._client = IMAPClient(
                account.host, account.port, ssl=account.tls, ssl_context=context, timeout=_TIMEOUT
            )
            self._client.normalise_times = False  # times with their zones
        except _WRONG as error:
            raise Trouble(f"no connection ({type(error).__name__})") from error
        try:
            self._log_in(account, token)
        except LoginError as error:
            self.close()
            raise Denied(f"the server does not accept user and {'password' if token is None else 'token'}") from error
        except _WRONG as error:
            self.close()
            raise Trouble(f"no log-in ({type(error).__name__})") from error
        try:
            selected = self._select(account.folder)
            self.uidvalidity = int(selected.get(b"UIDVALIDITY", 0))
            self.uidnext: int | None = int(selected[b"UIDNEXT"]) if b"UIDNEXT" in selected else None
            self.can_wait = self._client.has_capability("IDLE")
        except _WRONG as error:
            self.close()
            raise Trouble(f"the folder cannot be opened ({type(error).__name__})") from error

    def close(self) -> None:
        try:
            self._client.logout()
        except _WRONG:
            self._hang_up()

    def _log_in(self, account: Account, token: str | None) -> None:
        if token is None:
            self._client.login(account.user, account.password)
        else:
            self._client.oauth2_login(account.user, token)

    def _select(self, folder: str) -> Any:
        try:
            return self._client.select_folder(folder)
        except IMAPClientReadOnlyError:  # its mails can be taken in all the same
            return self._client.select_folder(folder, readonly=True)

    def uids(self, lowest: int = 1, since: date | None = None) -> list[int]:
        """The UIDs from `lowest` on, ascending."""
        self._untagged().pop("EXISTS", None)
        criteria: list[object] = ["UID", f"{max(1, lowest)}:*"] if lowest > 1 else ["ALL"]
        if since is not None:
            criteria += ["SINCE", since]
        found = self._ask(lambda: self._client.search(criteria))
        return sorted(
            {int(uid) for uid in found if int(uid) >= max(1, lowest)}
        )  # "n:*" names the last mail even if below n

    def lying(self, uids: Sequence[int]) -> dict[int, Lying]:
        """Each mail that is still there."""
        if not uids:
            return {}
        found = self._ask(lambda: self._client.fetch(list(uids), ["RFC822.SIZE", "INTERNALDATE"]))
        told = {
            uid: Lying(int(found[uid][b"RFC822.SIZE"]), _moment(found[uid].get(b"INTERNALDATE")))
            for uid in uids
            if b"RFC822.SIZE" in found.get(uid, {})
        }
        return told | dict.fromkeys(self._there([uid for uid in uids if uid not in told]), Lying())

    def mails(self, uids: Sequence[int], only_headers: bool = False) -> dict[int, bytes]:
        """The bytes of each mail that is still there, without marking it."""
        what = "BODY.PEEK[HEADER]" if only_headers else "BODY.PEEK[]"
        found = self._ask(lambda: self._client.fetch(list(uids), [what]))
        key = what.replace(".PEEK", "").encode()
        out = {uid: found[uid][key] for uid in uids if isinstance(found.get(uid, {}).get(key), bytes)}
        if self._there([uid for uid in uids if uid not in out]):
            raise Trouble("a mail was left out or came without its content")
        return out

    def _there(self, uids: Sequence[int]) -> set[int]:
        """Which of these are still in the folder: a person may have deleted them since they were listed."""
        if not uids:
            return set()
        self._ask(self._client.noop)
        found = self._ask(lambda: self._client.search(["UID", ",".join(map(str, uids))]))
        return {int(uid) for uid in found} & set(uids)

    def mark(self, uids: Sequence[int], copied: set[int]) -> None:
        """Tell the people at the mailbox that these were taken in. `copied` are those whose copy lies where they are to
        go, of all that were ever tried: a server may copy what it will not delete. Raises NotMarked, too."""
        if not uids:
            return
        target = self._account.move_to
        self._want(lambda: self._client.add_flags(list(uids), [b"\\Seen"], silent=True))
        if target is None:
            return
        if self._client.has_capability("MOVE"):
            self._want(lambda: self._client.move(list(uids), target))
            return
        if fresh := [uid for uid in uids if uid not in copied]:
            self._want(lambda: self._client.copy(fresh, target))
            copied.update(fresh)
        self._want(lambda: self._client.delete_messages(list(uids), silent=True))
        if self._client.has_capability("UIDPLUS"):
            self._want(lambda: self._client.uid_expunge(list(uids)))

    def wait(self, seconds: float, stop: Callable[[], bool]) -> None:
        """Return when something happened in the folder, when the time is over, or when `stop` says so."""
        end = time.monotonic() + seconds
        if "EXISTS" in self._untagged():
            return  # new mail was told together with the answer to the last listing, and IDLE will not tell it again
        if not self.can_wait:
            while not stop() and time.monotonic() < end:
                time.sleep(min(SLICE, max(0.0, end - time.monotonic())))
            self._ask(self._client.noop)
            return
        self._ask(self._client.idle)
        heard = False
        while not stop() and not heard and time.monotonic() < end:
            begun = time.monotonic()
            answers = self._ask(lambda: self._client.idle_check(SLICE))
            if not answers and time.monotonic() - begun < SLICE / 2:
                raise Trouble("the server hung up")
            heard = any(
                (len(answer) > 1 and answer[1] in (b"EXISTS", b"RECENT")) or answer[0] == b"BYE" for answer in answers
            )
        self._ask(self._client.idle_done)

    def _untagged(self) -> dict[str, Any]:
        """What imaplib has heard besides answers; IMAPClient has no way of its own to ask for it."""
        found: dict[str, Any] = self._client._imap.untagged_responses
        return found

    def _hang_up(self) -> None:
        try:
            self._client.shutdown()
        except _WRONG:
            return

    def _ask(self, call: Callable[[], object]) -> Any:
        try:
            return call()
        except _WRONG as error:
            self._hang_up()
            raise Trouble(f"the server answered wrongly or not at all ({type(error).__name__})") from error

    def _want(self, call: Callable[[], object]) -> None:
        """Ask for a change that the server may refuse."""

        def wanted() -> IMAPClientError | None:
            try:
                call()
            except IMAPClientAbortError:
                raise
            except IMAPClientError as refusal:
                return refusal
            return None

        if (refusal := self._ask(wanted)) is not None:
            raise NotMarked(f"the server refuses ({type(refusal).__name__})") from refusal


def _moment(told: object) -> datetime | None:
    """When a mail came in, as far as a server tells a time that there is."""
    try:
        return told.astimezone(UTC) if isinstance(told, datetime) else None
    except (ValueError, OverflowError):
        return None
