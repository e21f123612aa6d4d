"""What a provider carries out of a TwiML document: which verbs there are, where they may stand, what they may hold.

Read from the provider library's own builder; it knows nothing of the product.
"""

from __future__ import annotations

import inspect
import xml.etree.ElementTree as ET
from functools import cache

from twilio.twiml import lower_camel, voice_response

LARGEST = 64 * 1024  # bytes of TwiML that the provider takes


class Broken(Exception):
    """The webhook answered with what a provider would not carry out, or with silence."""


def read(document: str) -> ET.Element:
    """A TwiML document whose verbs, nesting and attributes the provider knows. Raises Broken."""
    if len(document.encode()) > LARGEST:
        raise Broken("the document is too large")
    try:
        root = ET.fromstring(document)  # noqa: S314 - of the webhook that we ourselves called
    except ET.ParseError as error:
        raise Broken(f"not well-formed: {error}: {document[:200]}") from error
    if root.tag != "Response":
        raise Broken(f"<{root.tag}> is not a response")
    _check(root, voice_response.VoiceResponse)
    return root


def _check(element: ET.Element, builder: type) -> None:
    for child in element:
        allowed = _verbs(builder).get(child.tag)
        if allowed is None:
            raise Broken(f"<{child.tag}> may not stand in <{element.tag}>")
        if unknown := set(child.attrib) - allowed:
            raise Broken(f"<{child.tag}> does not know {sorted(unknown)}")
        _check(child, getattr(voice_response, child.tag))


@cache
def _verbs(builder: type) -> dict[str, frozenset[str]]:
    """What may stand in an element, and the attributes that each may have."""
    methods = inspect.getmembers(builder, inspect.isfunction)
    return {
        _tag(name): frozenset(map(lower_camel, inspect.signature(method).parameters)) - {"self", "kwargs"}
        for name, method in methods
        if not name.startswith("_") and hasattr(voice_response, _tag(name))
    }


def _tag(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))
