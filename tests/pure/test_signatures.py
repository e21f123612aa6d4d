"""A webhook of our provider is known by its signature, with the old token and the new, the port written out or not."""

from __future__ import annotations

import pytest
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from channels.signatures import Signatures

PATH = "/twilio/voice/3?again=1"
FIELDS = MultiDict([("CallSid", "CA1"), ("Digits", "2"), ("To", "+46313900100"), ("To", "+46313900101")])


def _signed(url: str, token: str = "old") -> str:
    signature: str = RequestValidator(token).compute_signature(url + PATH, FIELDS)
    return signature


@pytest.mark.parametrize(
    ("public", "signed"),
    [
        ("https://x.example", "https://x.example"),
        ("https://x.example/", "https://x.example"),
        ("https://x.example", "https://x.example:443"),
        ("https://x.example:443", "https://x.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080", "http://127.0.0.1"),
    ],
)
@pytest.mark.parametrize("token", ["old", "next"])
def test_the_port_may_be_written_out_or_left_out_whichever_token_signs(public: str, signed: str, token: str) -> None:
    assert Signatures(["old", "next"], public).good(PATH, FIELDS, _signed(signed, token))


@pytest.mark.parametrize(
    ("signature", "path"),
    [
        (None, PATH),
        ("", PATH),
        ("å" * 28, PATH),
        (_signed("https://x.example", "stolen"), PATH),
        (_signed("https://y.example"), PATH),
        (_signed("https://x.example:444"), PATH),
        (_signed("https://x.example"), "/twilio/voice/4?again=1"),
    ],
)
def test_no_other_signature_is_good(signature: str | None, path: str) -> None:
    assert not Signatures(["old", "next"], "https://x.example").good(path, FIELDS, signature)


def test_without_a_token_nothing_is_good() -> None:
    assert not Signatures(["", ""], "https://x.example").good(PATH, FIELDS, _signed("https://x.example", ""))
