"""The vendored scripts are what VENDOR.txt says, byte for byte."""

import hashlib
import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "gateway" / "web" / "static" / "vendor"


def test_every_vendored_file_has_the_hash_that_is_written_down() -> None:
    written = {
        name: digest
        for digest, name in re.findall(r"^([0-9a-f]{64})  (\S+)$", (FOLDER / "VENDOR.txt").read_text(), re.MULTILINE)
    }
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in FOLDER.iterdir()
        if path.name != "VENDOR.txt"
    }
    assert found == written
