"""`python -m ivr check|draw|call|diff [FLOW]`: lint, draw, talk to, compare. FLOW is a file or a shipped name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from ivr import checks, comparing, drawing, twiml
from ivr.flow import FLOWS, Flow, load, shipped
from ivr.prompts import LANGUAGES, Phrases, read_catalogues
from ivr.simulator import Simulation
from ivr.walks import longest, nearest_person, walk

EX_CONFIG = 78
app = typer.Typer(add_completion=False, no_args_is_help=True, help="Flows of the phone: lint, draw, talk to, compare.")
Spoken = Literal["sv", "en"]
Named = Annotated[str | None, typer.Argument(metavar="[FLOW]", help="A file, or the name of a shipped flow.")]


@app.command()
def check(flow: Named = None) -> None:
    """Everything that is wrong with one flow, or with all of them; exit status 78 when anything is."""
    paths = [_path(flow)] if flow else shipped()
    faults = checks.check_all(paths)
    for fault in faults:
        print(fault)
    if faults:
        raise typer.Exit(EX_CONFIG)
    phrases = Phrases(read_catalogues())
    for path in paths:
        _praise(load(path), phrases)


@app.command()
def draw(flow: Named = None, language: Spoken = "en") -> None:
    """The flow as SVG on standard output."""
    sys.stdout.write(drawing.draw(_load(flow), Phrases(read_catalogues()), language))


@app.command()
def call(flow: Named = None) -> None:
    """Talk to a flow: type keys or words, an empty line is silence, `!` a recording; end of input hangs up."""
    simulation = Simulation(_load(flow), Phrases(read_catalogues()))
    print("\n".join(simulation.said))
    while not simulation.over:
        print(f"[{simulation.state.node}] ", end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            print("\nThe caller hung up: a report is filed all the same.")
            return
        print("\n".join(simulation.hear(line)))


@app.command()
def fallback(public_url: Annotated[str, typer.Argument(help="PUBLIC_URL of the installation.")]) -> None:
    """The static document for the provider's fallback URL, on standard output."""
    sys.stdout.write(twiml.fallback(Phrases(read_catalogues()), public_url) + "\n")


@app.command()
def diff(old: str, new: str) -> None:
    """What changed between two flows, and what it means for the way to a person; exit status 1 when anything did."""
    lines = list(comparing.differences(_load(old), _load(new), Phrases(read_catalogues())))
    print("\n".join(lines) if lines else "The flows are the same.")
    if lines:
        raise typer.Exit(1)


def _praise(flow: Flow, phrases: Phrases) -> None:
    walked = walk(flow)
    rescue = longest(flow, flow.rescue)
    print(f"{flow.name}: {len(flow.node)} nodes, {len(walked.ways)} states, nothing wrong")
    print(f"  at most {flow.limit + 1 + (rescue or 0)} turns until an end or the queue")
    for language in LANGUAGES:
        ways = nearest_person(flow, phrases, language)
        name, far = max(ways.items(), key=lambda item: (item[1].presses, item[1].seconds))
        print(f"  {language}: farthest from a person is {name}: {far.presses} answers, {far.seconds:.0f} s")


def _path(flow: str) -> Path:
    return Path(flow) if flow.endswith(".toml") or "/" in flow else FLOWS / f"{flow}.toml"


def _load(flow: str | None) -> Flow:
    path = _path(flow) if flow else shipped()[0]
    if faults := checks.check_all([path]):
        print("\n".join(map(str, faults)), file=sys.stderr)
        raise typer.Exit(EX_CONFIG)
    return load(path)


if __name__ == "__main__":
    app()
