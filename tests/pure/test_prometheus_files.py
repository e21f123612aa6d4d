"""The dashboard and the alert rules ask only for figures that exist, with labels that are bounded."""

from __future__ import annotations

import json
import re
from pathlib import Path

from prometheus_client import REGISTRY

from gateway import alerts, languages
from gateway.phone import watch
from gateway.web import gauges, health, phone

FOLDER = Path(__file__).parents[2] / "docs" / "operations" / "prometheus"


def test_files_name_figures_that_exist() -> None:
    assert all((gauges.READ, health.REQUESTS, phone.REFUSED, watch.GAP))
    known = {metric.name for metric in REGISTRY.collect()}
    dashboard = json.loads((FOLDER / "grafana.json").read_text())
    asked = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    asked += (FOLDER / "alerts.yml").read_text()
    names = {re.sub(r"_(total|bucket)$", "", name) for name in re.findall(r"switchyard_\w+", asked)}
    assert len(names) > 8
    assert names <= known


def test_every_alarm_says_what_is_wrong_and_what_to_do() -> None:
    for language in languages.PAGES:
        book = languages.catalogue(language)
        for kind in alerts.LIMITS:
            assert book.has(f"alarm.{kind}"), kind
            assert len(book.gettext(f"alarm.{kind}.do")) > 20, kind
    assert all(limit.end < limit.begin for limit in alerts.LIMITS.values())
