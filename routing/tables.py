"""The rule files: TOML beside the code, or in a folder that a support manager keeps."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


class RulesError(ValueError):
    """The rule files are wrong; `faults` holds every fault found, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


def read_table(name: str, folder: Path | None = None) -> dict[str, Any]:
    """A TOML file of the folder, or the shipped one where the folder has none. Raises RulesError."""
    path = (folder or FOLDER) / name
    if folder is not None and not path.exists():
        path = FOLDER / name
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise RulesError([f"{name}: {wrong}"]) from wrong
