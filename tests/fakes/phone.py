"""The robot phone of the demo, which follows TwiML over HTTP and knows nothing of the product."""

from gateway.demo.phone import Call, Line, signature
from gateway.demo.twiml import Broken, read

__all__ = ["Broken", "Call", "Line", "read", "signature"]
