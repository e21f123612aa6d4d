"""A clone anywhere, and `up` killed at any moment: nothing is left running, nothing that was kept is lost."""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import time
from pathlib import Path

import pytest

from gateway.config import load
from tests.fakes.product import ROOT, Product, eventually, gone

PARTS = ("gateway", "channels", "ivr", "routing", "transcripts", "demo", ".venv")
ROUNDS = 12


def clone(target: Path) -> Path:
    """The checkout and its environment at another path, as hard links where the file system has them."""

    def link(source: str, copy: str) -> str:
        try:
            os.link(source, copy)
        except OSError:
            shutil.copy2(source, copy)
        return copy

    target.mkdir(parents=True)
    for part in PARTS:
        shutil.copytree(ROOT / part, target / part, symlinks=True, copy_function=link)
    for file in ("pyproject.toml", "requirements.lock"):
        shutil.copy2(ROOT / file, target / file)
    return target


def send(product: Product, text: str) -> str:
    """Send a report by the API (again, when it was sent before); its case number."""
    token = load({"DATA_DIR": str(product.data_dir)}).admin_token
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": text, "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=30)
    try:
        connection.request("POST", "/api/v1/reports", json.dumps({"text": text}), headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    assert answer.status == http.client.CREATED, (content, product.said())
    case: str = json.loads(content)["case"]
    return case


def kill(product: Product) -> None:
    """kill -9 it; whatever it started must be gone soon."""
    assert product.process
    family = product.family()
    product.process.kill()
    product.process.wait()
    assert gone(family, 30) == [], product.said()


def long_path(below: Path) -> Path:
    path = below / ("d" * (149 - len(str(below))))
    assert len(str(path)) == 150
    return path


@pytest.mark.parametrize("where", ["closed", "long", "closed and long"])
def test_a_clone_anywhere_runs_is_killed_and_has_its_cases(data_dir: Path, where: str) -> None:
    outside = data_dir.parent / "outside"
    outside.mkdir()
    outside.chmod(0o700 if "closed" in where else 0o755)
    root = clone(long_path(outside) if "long" in where else outside / "switchyard")
    modes = {path: path.stat().st_mode for path in (root, *root.parents)}
    product = Product(root / "var", root=root, python=str(root / ".venv" / "bin" / "python"))
    try:
        product.start("--demo")
        case = send(product, "The cable does not let go")
        kill(product)
        product.start()
        assert send(product, "The cable does not let go") == case
        assert product.stop() == 0
    finally:
        product.end()
    assert {path: path.stat().st_mode for path in modes} == modes


def test_killed_at_random_moments_it_always_starts_again(data_dir: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    product = Product(data_dir)
    kept: dict[str, str] = {}
    try:
        for turn in range(ROUNDS):
            product.launch()
            if turn % 3 == 0:
                assert eventually(product.is_ready, 90), product.said()
                assert {text: send(product, text) for text in kept} == kept
                kept[f"report {turn}"] = send(product, f"report {turn}")
            else:
                time.sleep(chance.uniform(0, 4))
            kill(product)
        product.start()
        assert {text: send(product, text) for text in kept} == kept
        assert product.stop() == 0
    finally:
        product.end()
