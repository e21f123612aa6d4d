"""What a provider carries out of a TwiML document: which verbs there are, where they may stand, what they may hold.

Read from the provider library's own builder; it knows nothing of the product.
"""

from __future__ import annotations

import inspect
import xml.etree.ElementTree as ET

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
        method = next(
            (
                member
                for name, member in inspect.getmembers(builder, inspect.isfunction)
                if name == _snake(child.tag) or (name.endswith("_") and name[:-1] == _snake(child.tag))
            ),
            None,
        )
        if method is None:
            raise Broken(f"<{child.tag}> may not stand in <{element.tag}>")
        allowed = {lower_camel(name) for name in inspect.signature(method).parameters} - {"self", "kwargs"}
        unknown = set(child.attrib) - allowed
        if unknown:
            raise Broken(f"<{child.tag}> does not know {sorted(unknown)}")
        _check(child, getattr(voice_response, child.tag))


def _snake(tag: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in tag).lstrip("_")
