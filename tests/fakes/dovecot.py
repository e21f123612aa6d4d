"""Dovecot in a temporary folder, where it is installed: the server that most mailboxes lie on."""

from __future__ import annotations

import asyncio
import copy
import getpass
import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.fakes.mail import Mailbox

PROGRAM = shutil.which("dovecot") or ("/usr/sbin/dovecot" if Path("/usr/sbin/dovecot").exists() else None)
CONF = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
protocols = imap
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
default_internal_user = {me}
default_internal_group = {group}
default_login_user = {me}
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner_group} home={folder}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def why_not() -> str | None:
    """Why Dovecot cannot be used here; None when it can."""
    if PROGRAM is None:
        return "Dovecot is not installed (apt install dovecot-imapd)"
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, timeout=20).stdout
    return None if version.startswith("2.3.") else f"these tests are written for Dovecot 2.3, not {version.strip()}"


class Dovecot(Mailbox):
    """A running Dovecot; `folder` is emptied by whoever gave it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    async def __aenter__(self) -> Dovecot:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        for name in ("run", "state", "mail", "home"):
            (self.folder / name).mkdir()
            os.chown(self.folder / name, owner.pw_uid, owner.pw_gid)
        me = "nobody" if os.geteuid() == 0 else getpass.getuser()
        conf = self.folder / "dovecot.conf"
        conf.write_text(
            CONF.format(
                folder=self.folder,
                port=self.port,
                password=self.password,
                me=me,
                group=grp.getgrgid(owner.pw_gid).gr_name,
                owner=owner.pw_uid,
                owner_group=grp.getgrgid(owner.pw_gid).gr_name,
            )
        )
        assert PROGRAM is not None
        self._process = await asyncio.create_subprocess_exec(PROGRAM, "-F", "-c", str(conf))
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(self._answers):
                assert self._process.returncode is None, (self.folder / "log").read_text()
                await asyncio.sleep(0.05)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._process.terminate()
        await self._process.wait()

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[Dovecot]:
        """A mailbox that nobody used, on the same server: a server takes longer to start than most tests to run."""
        another = copy.copy(self)
        another.user = f"support-{uuid.uuid4().hex[:8]}"
        yield another

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
                return line.recv(4) == b"* OK"
        except OSError:
            return False

    async def begin_anew(self, *mails: bytes) -> None:
        """The inbox as after a restore without its index: the same mails under a new UIDVALIDITY."""
        inbox = self.folder / "mail" / self.user
        uids = inbox / "dovecot-uidlist"
        before = int(uids.read_text().split(" V")[1].split()[0])
        for file in inbox.glob("dovecot*"):
            file.unlink()
        # By itself it would take the second that it is now, which may be the one that it was.
        uids.write_text(f"3 V{before + 1} N1\n")
        shutil.chown(uids, inbox.stat().st_uid, inbox.stat().st_gid)
        await self.put(*mails)


@asynccontextmanager
async def running() -> AsyncIterator[Dovecot]:
    """Dovecot in a folder of its own, not in pytest's: its sockets have short paths."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        Path(folder).chmod(0o755)
        async with Dovecot(Path(folder)) as opened:
            yield opened
