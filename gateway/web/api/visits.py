"""What the lines leave beside a case, as the API tells it: visits, the fault analysis, the action proposal, documents.

Owners see the visits; analyses, proposals and documents are for colleagues, and a link by which a reporter books is
theirs alone.
"""

from __future__ import annotations

from typing import Any

from gateway.record import analyses, cards, proposals, references, visits
from gateway.record.cases import Case
from gateway.web.api import models
from gateway.web.api.endpoints import Call
from gateway.web.keys import runtime_of


async def field_work(call: Call, whole: Case) -> dict[str, Any]:
    """The visits, analysis, references, proposal and documents of a case, as far as the caller may see them."""
    runtime, case = runtime_of(call.request), whole.id
    owner = call.caller.role == "owner"
    base = runtime.config.public_url.rstrip("/")
    told: dict[str, Any] = {
        "visits": [
            models.VisitItem(
                id=visit.id,
                agent=visit.agent,
                state=visit.state,  # type: ignore[arg-type]
                starts_at=visit.starts_at,
                ends_at=visit.ends_at,
                verified=visit.verified,
                times=[models.TimeItem.model_validate(time) for time in visit.times],
                url=None if owner and visit.report else f"{base}/v/{visit.token}",
            )
            for visit in await visits.of_case(runtime.db, case)
        ]
    }
    if not owner:
        known = await analyses.standing(runtime.db, case)
        told["analysis"] = models.AnalysisItem.model_validate(known) if known else None
        charger = runtime.directory().chargers.get(whole.charger_id or "")
        linked = await references.of_model(runtime.db, charger)
        told["references"] = [models.ReferenceItem.model_validate(one) for one in linked]
        standing = await proposals.standing(runtime.db, case)
        told["proposal"] = models.ProposalItem.model_validate(standing) if standing else None
        listed = await cards.documents(runtime.db, case)
        told["documents"] = [models.DocumentItem.model_validate(one) for one in listed]
    return told
