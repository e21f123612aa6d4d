"""A line of JSON is one line to whoever reads it."""

from __future__ import annotations

import json

from gateway.trials.lines import one_line


def test_no_text_breaks_a_line() -> None:
    told = {"text": "a\nb\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029c å"}
    assert len(one_line(told).splitlines()) == 1
    assert json.loads(one_line(told)) == told
    assert "å" in one_line(told)
