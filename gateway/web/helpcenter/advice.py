"""Standard solutions as pages: searched, by problem, and one by one with a picture for each step.

Words are judged as a report's would be, so that whoever writes "it smells burnt" in any of our languages finds danger
first. The number of a charger leads to its page; a page for a charger shows what is said for its model first.
"""

from __future__ import annotations

from aiohttp import web
from yarl import URL

from channels.report import Solution
from gateway.languages import CUSTOMERS
from gateway.web.bodies import UNKEEPABLE
from gateway.web.keys import runtime_of
from gateway.web.pages import language_of, page
from gateway.web.problems import Problem
from routing.facts import read_facts
from routing.values import Category, Charger, Said

LONGEST = 200
SHOWN = 8
ABOUT = "laddare"  # whoever searches here means a charger, also without saying so
SURE = 0.5  # of the weight of the heaviest category, from which on another is meant too


def add_routes(app: web.Application) -> None:
    app.router.add_get("/help", index)
    app.router.add_get("/help/{slug}", one)


async def index(request: web.Request) -> web.StreamResponse:
    """All solutions, or `?q=` those that fit the words; `?charger=` puts those for its model first."""
    runtime, language = runtime_of(request), language_of(request, CUSTOMERS)
    asked = " ".join(UNKEEPABLE.sub("", request.query.get("q", "")).split())[:LONGEST]
    if asked and (found := runtime.directory().charger_of(asked)):
        raise web.HTTPSeeOther(URL("/c") / found)
    charger = charger_asked(request)
    model = charger.model if charger else None
    categories: list[str] = []
    solutions: list[Solution] = []
    if asked:
        categories = _meant(request, asked)
        solutions = list(runtime.solutions.search(asked, language, categories, model))[:SHOWN]
    else:
        solutions = [s for s in runtime.solutions.all(language) if not s.models or model in s.models]
    shown = {
        "asked": asked,
        "solutions": solutions,
        "danger": Category.SAFETY in categories,
        "category": categories[0] if categories else None,
        "charger": charger,
    }
    return page(request, "help/advice.html", shown)


async def one(request: web.Request) -> web.StreamResponse:
    """One solution, step by step, and the way on when it did not help."""
    runtime, language = runtime_of(request), language_of(request, CUSTOMERS)
    solution = runtime.solutions.named(request.match_info["slug"], language)
    if solution is None:
        raise Problem(404, "There is no such page.")
    charger = charger_asked(request)
    alike = runtime.solutions.find(solution.category, language, charger.model if charger else None)
    shown = {
        "solution": solution,
        "charger": charger,
        "others": [other for other in alike if other.slug != solution.slug],
        "drawn": solution.pictures or ("",) * len(solution.steps),
    }
    return page(request, "help/solution.html", shown)


def charger_asked(request: web.Request) -> Charger | None:
    """The charger that the query names, when we have it."""
    directory = runtime_of(request).directory()
    number = UNKEEPABLE.sub("", request.query.get("charger", ""))[:60]
    return directory.chargers.get(directory.charger_of(number) or "") if number else None


def _meant(request: web.Request, asked: str) -> list[str]:
    """What the words are about, the surest first."""
    runtime = runtime_of(request)
    said = Said(channel="form", at=runtime.clock.now(), text=asked, subject=ABOUT)
    facts = read_facts(said, runtime.directory(), runtime.rules())
    if facts.danger:
        return [Category.SAFETY]
    weighed = sorted(((weight, category) for category, weight in facts.weights.items() if weight > 0), reverse=True)
    return [category for weight, category in weighed if weight >= SURE * weighed[0][0]]
