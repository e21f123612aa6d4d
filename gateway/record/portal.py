"""The owners' people: who may enter the portal, the links that let them in, and the keys of their systems.

Every statement is bound to one owner; what belongs to another is not found. Secrets are known by their SHA-256 alone.
A change of rights and its entry in the audit are one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from gateway.record.db import Connection, Database, recordset, statements

SQL, MESSAGES = statements("portal"), statements("messages")
HOUR = timedelta(hours=1)
ROLES = ("reader", "writer", "manager")


@dataclass(frozen=True, slots=True)
class OwnerUser:
    """Somebody of an owner's organisation. `contact`: the address that the master data names, which always stays.

    `password_hash` and `totp_secret` are None for those who log in by link alone; of `totp_pending` no code was shown
    yet; sessions that began before `sessions_after` are over.
    """

    id: int
    owner_id: str
    organisation: str
    email: str
    name: str | None
    role: str
    language: str
    contact: bool
    password_hash: str | None = field(default=None, repr=False)
    totp_secret: str | None = field(default=None, repr=False)
    totp_pending: str | None = field(default=None, repr=False)
    sessions_after: datetime | None = None

    @property
    def may_write(self) -> bool:
        return self.role in ("writer", "manager")

    @property
    def may_manage(self) -> bool:
        return self.role == "manager"


@dataclass(frozen=True, slots=True)
class Key:
    id: int
    name: str | None
    scopes: tuple[str, ...] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LinkLetter:
    """A log-in link on its way: what the record keeps of it, and the mail that carries it."""

    hash: bytes
    user: int
    to: str
    language: str
    subject: str
    text: str


async def users_of(db: Database, email: str, now: datetime) -> list[OwnerUser]:
    """Everybody this address is, one for each organisation; empty for strangers."""
    async with db.transaction() as conn:
        await conn.execute(SQL["welcome_contact"], {"email": email, "now": now})
        rows = await (await conn.execute(SQL["by_address"], {"email": email})).fetchall()
    return [_user(row) for row in rows]


async def find(db: Database, user: int) -> OwnerUser | None:
    """A user who may still enter."""
    row = await db.row(SQL["find"], {"user": user})
    return _user(row) if row else None


async def colleagues(db: Database, owner: str) -> list[OwnerUser]:
    return [_user(row) for row in await db.rows(SQL["colleagues"], {"owner": owner})]


async def send_link(db: Database, letter: LinkLetter, now: datetime, lasts: timedelta, most: int) -> bool:
    """Keep a link and put its mail into the outbox; False when this user was sent enough of them within the hour."""
    given = {"hash": letter.hash, "user": letter.user, "now": now, "expires": now + lasts}
    row = {"channel": "email", "kind": "portal_link", "language": letter.language}
    content = {"recipient": letter.to, "subject": letter.subject, "text": letter.text}
    async with db.transaction() as conn:
        added = await conn.execute(SQL["add_link"], {**given, "since": now - HOUR, "most": most})
        if not added.rowcount:
            return False
        message = await (await conn.execute(MESSAGES["add"], {"rows": recordset([row]), "now": now})).fetchone()
        assert message is not None
        kept = recordset([{"message_id": message["id"], **content}])
        await conn.execute(MESSAGES["add_contents"], {"rows": kept})
    return True


async def link(db: Database, hashed: bytes, now: datetime) -> str | None:
    """The organisation that a link that is still good leads to. Changes nothing."""
    row = await db.row(SQL["link"], {"hash": hashed, "now": now})
    return str(row["organisation"]) if row else None


async def use_link(db: Database, hashed: bytes, now: datetime) -> OwnerUser | None:
    """Spend a link; None when it is unknown, spent, or too old."""
    row = await db.row(SQL["use_link"], {"hash": hashed, "now": now})
    return await find(db, row["user_id"]) if row else None


async def invite(
    db: Database, by: OwnerUser, email: str, name: str | None, role: str, language: str, now: datetime
) -> bool:
    """Let a colleague in; False when the address is in already."""
    given = {"owner": by.owner_id, "email": email, "name": name, "role": role, "language": language, "by": by.id}
    async with db.transaction() as conn:
        row = await (await conn.execute(SQL["invite"], {**given, "now": now})).fetchone()
        if row is not None:
            await _audit(conn, by, "owner_user_invited", row["id"], {"role": role}, now)
    return row is not None


async def set_role(db: Database, by: OwnerUser, user: int, role: str, now: datetime) -> bool:
    """False when there is no such colleague whose rights can be changed."""
    async with db.transaction() as conn:
        changed = await conn.execute(SQL["set_role"], {"user": user, "owner": by.owner_id, "role": role})
        if changed.rowcount:
            await _audit(conn, by, "owner_user_changed", user, {"role": role}, now)
    return changed.rowcount == 1


async def set_pin(db: Database, by: OwnerUser, pin_hash: str, now: datetime) -> None:
    """Give an organisation a new telephone code; the old one ends."""
    async with db.transaction() as conn:
        await conn.execute(SQL["set_pin"], {"owner": by.owner_id, "hash": pin_hash})
        await _audit(conn, by, "owner_pin_made", by.id, {}, now)


async def remove(db: Database, by: OwnerUser, user: int, now: datetime) -> bool:
    """End a colleague's access, sessions included; False when there is no such colleague who can be removed."""
    async with db.transaction() as conn:
        changed = await conn.execute(SQL["remove"], {"user": user, "owner": by.owner_id, "now": now})
        if changed.rowcount:
            await _audit(conn, by, "owner_user_removed", user, {}, now)
    return changed.rowcount == 1


async def set_password(db: Database, user: OwnerUser, hashed: str, now: datetime) -> None:
    """A new password; ends every session that began before."""
    async with db.transaction() as conn:
        await conn.execute(SQL["set_password"], {"user": user.id, "hash": hashed, "now": now})
        await _audit(conn, user, "owner_password_set", user.id, {}, now)


async def propose_totp(db: Database, user: OwnerUser, secret: str) -> None:
    await db.run(SQL["propose_totp"], {"user": user.id, "secret": secret})


async def confirm_totp(db: Database, user: OwnerUser, step: int, now: datetime) -> None:
    """Let the proposed second factor count; ends every session that began before."""
    async with db.transaction() as conn:
        await conn.execute(SQL["confirm_totp"], {"user": user.id, "step": step, "now": now})
        await _audit(conn, user, "owner_totp_set", user.id, {}, now)


async def end_totp(db: Database, user: OwnerUser, now: datetime) -> None:
    async with db.transaction() as conn:
        await conn.execute(SQL["end_totp"], {"user": user.id, "now": now})
        await _audit(conn, user, "owner_totp_ended", user.id, {}, now)


async def use_step(db: Database, user: int, step: int) -> bool:
    """Spend a one-time code; False when it or a later one was used before."""
    async with db.connection() as conn:
        return (await conn.execute(SQL["use_step"], {"user": user, "step": step})).rowcount == 1


async def keys(db: Database, owner: str) -> list[Key]:
    """The keys of an owner's systems that are good now."""
    rows = await db.rows(SQL["keys"], {"owner": owner})
    return [Key(r["id"], r["name"], None if r["scopes"] is None else tuple(r["scopes"]), r["created_at"]) for r in rows]


async def add_key(db: Database, by: OwnerUser, hashed: bytes, name: str, scopes: Sequence[str], now: datetime) -> int:
    given = {"hash": hashed, "owner": by.owner_id, "name": name, "scopes": list(scopes), "now": now}
    async with db.transaction() as conn:
        row = await (await conn.execute(SQL["add_key"], given)).fetchone()
        assert row is not None
        await _audit(conn, by, "token_created", row["id"], {"role": "owner", "scopes": list(scopes)}, now)
    return int(row["id"])


async def revoke_key(db: Database, by: OwnerUser, key: int, now: datetime) -> bool:
    async with db.transaction() as conn:
        changed = await conn.execute(SQL["revoke_key"], {"key": key, "owner": by.owner_id, "now": now})
        if changed.rowcount:
            await _audit(conn, by, "token_revoked", key, {}, now)
    return changed.rowcount == 1


async def _audit(conn: Connection, by: OwnerUser, act: str, on: int, data: Mapping[str, Any], now: datetime) -> None:
    given = {"now": now, "actor": str(by.id), "act": act, "object": str(on), "data": Jsonb(dict(data))}
    await conn.execute(SQL["audit"], given)


def _user(row: Mapping[str, Any]) -> OwnerUser:
    columns = ("id", "owner_id", "organisation", "email", "name", "role", "language")
    named = {name: row[name] for name in (*columns, "password_hash", "totp_secret", "totp_pending", "sessions_after")}
    return OwnerUser(**named, contact=row["invited_by"] is None)
