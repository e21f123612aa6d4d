"""What `up` tells when everything answers: where to look, whom to write and call, how to log in."""

from __future__ import annotations

import http.client

from gateway.config import Config
from gateway.demo import logins

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


def local_url(config: Config) -> str:
    """The pages as this machine reaches them."""
    host = _EVERYWHERE.get(config.http_host, config.http_host)
    return f"http://[{host}]:{config.port}" if ":" in host else f"http://{host}:{config.port}"


def is_ready(config: Config) -> bool:
    """True when `GET /readyz` answers 200."""
    host = _EVERYWHERE.get(config.http_host, config.http_host)
    connection = http.client.HTTPConnection(host, config.port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def welcome(config: Config, *, demo: bool) -> str:
    """Several lines, no secret but the demo's own passwords."""
    url = config.public_url
    addresses = [address.address for address in config.mail_addresses] or [f"…@{name}" for name in config.mail_domains]
    numbers = [number.number for number in config.twilio_numbers]
    lines = [
        ("Help center", f"{url}/"),
        ("Console", f"{url}/console"),
        ("Managers", f"{url}/managers"),
        ("Owners", f"{url}/portal"),
        ("API", f"{url}/api/v1/openapi.json"),
        ("Mail door", f"{config.smtp_host}:{config.smtp_port}, for {', '.join(addresses)}"),
        ("Telephone", f"POST {url}/twilio/voice" + (f", for {', '.join(numbers)}" if numbers else "")),
    ]
    if demo:
        lines.append(("Sent mails", f"{url}/demo/mails"))
        for name, email in (("Log in as", logins.AGENT), ("or as", logins.MANAGER)):
            lines.append((name, f"{email}  {logins.password(config, email)}"))
    return "\n".join(["", "Switchyard is ready.", *(f"  {name:<12} {text}" for name, text in lines), ""])
