"""What was found, as a server of mail tells it: an Authentication-Results header (RFC 8601)."""

from __future__ import annotations

from collections.abc import Sequence

from authres import AuthenticationResult, AuthenticationResultProperty, AuthenticationResultsHeader

from channels.vouching.values import Finding, is_domain


def written(server: str, findings: Sequence[Finding]) -> str:
    """The value of the header by which a server of this name tells it."""
    header = AuthenticationResultsHeader(authserv_id=server, results=[_result(finding) for finding in findings])
    return str(header).partition(":")[2].strip()


def _result(finding: Finding) -> AuthenticationResult:
    told = [(finding.about, finding.domain), ("header.s", finding.selector)]
    properties = [
        AuthenticationResultProperty(*name.split("."), value) for name, value in told if name and is_domain(value)
    ]
    return AuthenticationResult(finding.method, result=finding.result, reason=finding.reason, properties=properties)
