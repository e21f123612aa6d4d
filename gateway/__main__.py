"""The command line: `python -m gateway`, also installed as `switchyard`.

Results go to standard output, everything else to standard error. Exit status 78 says that the configuration, a flow or
a rule is wrong (each fault a line), 69 that a server cannot be had, 1 that the command itself failed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.commands import EX_UNAVAILABLE, fail, outcome, session
from gateway.config import EX_CONFIG, Config, ConfigError, from_environment, lacking

_DEMO = Path(__file__).parents[1] / "demo"

app = typer.Typer(
    name="switchyard", add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__
)
token = typer.Typer(no_args_is_help=True, help="Tokens for the API.")
person = typer.Typer(no_args_is_help=True, help="What is kept about a person.")
agent = typer.Typer(no_args_is_help=True, help="The people who work here.")
measures = typer.Typer(no_args_is_help=True, help="The figures.")
app.add_typer(agent, name="agent")
app.add_typer(token, name="token")
app.add_typer(person, name="person")
app.add_typer(measures, name="measures")


def main() -> None:
    """Run one command and exit with its status."""
    sys.exit(outcome(app))


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo's data and let its reports trickle in.")] = False,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Run everything on this machine: servers, migrations, all roles."""
    from gateway.hosting.processes import end_with_parent
    from gateway.supervisor import up as run

    if with_parent:
        end_with_parent()
    raise typer.Exit(run(from_environment(), demo=demo))


@app.command()
def web() -> None:
    """The pages, the API and the telephone's webhooks."""
    from gateway.hosting.crew import web as run

    raise typer.Exit(run(from_environment()))


@app.command()
def smtp() -> None:
    """The mail door."""
    from gateway.hosting.crew import smtp as run

    run(from_environment())


@app.command()
def imap() -> None:
    """The mailboxes that are read."""
    from gateway.commands import imap as run

    run()


@app.command()
def mailboxes() -> None:
    """The account of each mailbox: what is in it and what became of the rest. Exit status 1 when it does not add up."""
    from gateway.doors import account

    with session("mailboxes") as config:
        accounts = asyncio.run(account(config))
    for name, drawn in accounts:
        if drawn is None:
            typer.echo(f"{name}: not read yet, or it cannot be reached now")
            continue
        typer.echo(
            f"{name}: {drawn.in_mailbox} in the mailbox + {drawn.gone} gone since ="
            f" {drawn.taken} taken in + {drawn.quarantined} quarantined + {drawn.unfetched} refused by the server"
            f" + {drawn.passed} older than the start + {drawn.vanished} vanished unread + {drawn.waiting} waiting:"
            f" {'adds up' if drawn.adds_up else 'DOES NOT ADD UP'}"
        )
    if any(drawn is None or not drawn.adds_up for _, drawn in accounts):
        raise typer.Exit(1)


@app.command()
def reconcile(
    days: Annotated[int, typer.Option(min=1, max=35, help="So many days up to and with today.")] = 2,
) -> None:
    """What every channel's own ledger says came, against what is in reports. Exit status 1 when any is missing."""
    from channels.provider_http import ProviderAway
    from gateway.ledgers.statement import lines
    from gateway.ledgers.statement import reconcile as run

    with session("reconcile") as config:
        try:
            accounts = asyncio.run(run(config, days))
        except ProviderAway as problem:
            fail([f"The provider's lists cannot be read: {problem}"], EX_UNAVAILABLE)
    for line in lines(accounts):
        typer.echo(line)
    if any(one.difference for one in accounts):
        raise typer.Exit(1)


@app.command()
def statements(
    file: Annotated[Path | None, typer.Option(help="Verify a statement that somebody kept, and nothing else.")] = None,
) -> None:
    """The signed statement of every day, and whether all are as they were signed. Exit status 1 when one is not."""
    from gateway.ledgers.signing import genuine, verify

    with session("statements") as config:
        if file is not None:
            text = file.read_text(encoding="utf-8", errors="replace")
            good = genuine(config.secret_keys, text)
            typer.echo("as it was signed" if good else "NOT as it was signed")
            raise typer.Exit(0 if good else 1)
        book, wrong = asyncio.run(verify(config))
    for one in book:
        verdict = one.text.splitlines()[-1]
        typer.echo(f"{one.day.isoformat()}, edition {one.edition}: {verdict}, seal {one.seal}")
    for line in wrong:
        typer.echo(line)
    if wrong:
        raise typer.Exit(1)


@app.command()
def worker() -> None:
    """Jobs: messages, deadlines, what must follow."""
    from gateway.commands import worker as run

    run()


@app.command("demo-data", hidden=True)
def demo_data() -> None:
    """The demo's master data and log-ins."""
    from gateway.demo import prepare

    with session("demo-data") as config:
        asyncio.run(prepare(config))


@app.command(hidden=True)
def demo() -> None:
    """The demo's people and chargers, who use the real doors."""
    from gateway.commands import demo as run

    run()


@app.command()
def migrate() -> None:
    """Bring the database up to date, once configuration, flows and rules are found right."""
    from sqlalchemy.exc import OperationalError

    from gateway.record.migrate import Unmigratable
    from gateway.record.migrate import migrate as bring

    with session("migrate", migrated=False) as config:
        try:
            bring(config.direct_url, pooled=config.pooled)
        except Unmigratable as problem:
            fail([str(problem)], EX_CONFIG)
        except OperationalError as problem:
            fail([f"DATABASE_URL: {str(problem.orig).strip().splitlines()[0]}"], EX_UNAVAILABLE)


@app.command()
def check() -> None:
    """Print every fault of configuration, flows, rules and the store of files; without one, what will lack."""
    from gateway.checks import faults

    found: list[str] = []
    config = None
    try:
        config = from_environment()
    except ConfigError as problem:
        found += problem.faults
    found += faults(config)
    for fault in found:
        typer.echo(fault)
    if found:
        raise typer.Exit(EX_CONFIG)
    typer.echo("Configuration, flows, rules and the store of files are right.")
    for line in lacking(config) if config else ():
        typer.echo(line, err=True)


@app.command()
def learn() -> None:
    """Learn from the shipped examples beforehand, so that every process starts within seconds; for installing."""
    from routing.learnt import is_kept
    from routing.rules import load_rules

    lessons = load_rules().lessons
    _ = lessons.experience
    if not is_kept(lessons.taught):
        fail(["What was learnt cannot be kept beside the code: every process will learn at its start."], 1)
    typer.echo("What was learnt is kept beside the code.")


@app.command("import")
def import_(folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)]) -> None:
    """Take in owners.csv, sites.csv, chargers.csv, agents.csv and rota.csv of FOLDER."""
    from gateway.importing import ImportFaults, import_folder

    with session("import") as config:
        try:
            taken = asyncio.run(import_folder(config, folder))
        except ImportFaults as problem:
            fail(str(problem).splitlines(), 1)
    for table, rows in taken.items():
        typer.echo(f"{table}: {rows}", err=True)


@app.command()
def explain(
    files: Annotated[list[Path], typer.Argument()],
    data: Annotated[Path, typer.Option(exists=True, file_okay=False)] = _DEMO,
) -> None:
    """What would be made of each mail (or JSON report), one JSON line each; nothing is stored."""
    from gateway.trials.explain import explain as run

    async def lines() -> None:
        async for line in run(files, data):
            typer.echo(line)

    asyncio.run(lines())


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    data: Annotated[Path, typer.Option(exists=True, file_okay=False)] = _DEMO,
    score: Annotated[bool, typer.Option("--score", help="Compare with the field `truth`.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The score as JSON too.")] = False,
) -> None:
    """Run labelled reports through the real pipeline, on servers of its own."""
    from gateway.trials.replay import replay as run

    async def lines() -> None:
        async for line in run(file, data, score, as_json):
            typer.echo(line)

    try:
        asyncio.run(lines())
    except ValueError as problem:
        fail([str(problem)], 1)


@agent.command("list")
def agent_list() -> None:
    """Print everybody who works here."""
    from gateway.people.staffing import everyone

    for line in _staffing(everyone):
        typer.echo(line)


@agent.command("add")
def agent_add(
    agent_id: Annotated[str, typer.Argument(metavar="ID")],
    email: str,
    name: Annotated[str, typer.Option()] = "",
    role: Annotated[str, typer.Option(help="agent, lead, manager or admin")] = "agent",
    line: Annotated[int, typer.Option(min=1, max=3)] = 1,
    languages: Annotated[str, typer.Option(help="as in sv;en")] = "sv;en",
) -> None:
    """Take in somebody new; prints their password, which is shown this once."""
    from gateway.people.staffing import add

    fields = {"agent_id": agent_id, "email": email, "name": name or agent_id, "role": role, "line": line}
    typer.echo(_staffing(add, {**fields, "languages": languages}))


@agent.command("import")
def agent_import(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Take in many, from a CSV with the columns of agents.csv."""
    from gateway.people.staffing import take_list

    typer.echo(f"agents: {_staffing(take_list, file.read_text(encoding='utf-8-sig'))}", err=True)


@agent.command("password")
def agent_password(
    agent_id: Annotated[str, typer.Argument(metavar="ID")],
    ask: Annotated[bool, typer.Option("--ask", help="Type it; else one is made up and printed.")] = False,
) -> None:
    """Give ID a password and end their sessions."""
    from gateway.people.staffing import password

    given = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if ask else None
    set_to = _staffing(password, agent_id, given)
    if not given:
        typer.echo(set_to)


@agent.command("disable")
def agent_disable(agent_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Let somebody go: sessions and tokens are worth nothing any more."""
    from gateway.people.staffing import change

    _staffing(change, agent_id, "disable")


@agent.command("enable")
def agent_enable(agent_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Let somebody in again."""
    from gateway.people.staffing import change

    _staffing(change, agent_id, "enable")


@agent.command("logout")
def agent_logout(agent_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End every session of somebody."""
    from gateway.people.staffing import change

    _staffing(change, agent_id, "logout")


@token.command("create")
def token_create(
    role: str,
    for_id: Annotated[str | None, typer.Option("--for", metavar="ID")] = None,
    name: Annotated[str | None, typer.Option(help="For which system.")] = None,
) -> None:
    """Print a new token for ROLE; it is shown this once."""
    from gateway.people.tokens import UnknownRole, create

    with session("token") as config:
        try:
            typer.echo(asyncio.run(create(config, role, for_id, name)))
        except UnknownRole as problem:
            fail([str(problem)], 1)


@token.command("list")
def token_list() -> None:
    """Print the tokens that are worth something, by number."""
    from gateway.people.tokens import everyone

    with session("token") as config:
        for line in asyncio.run(everyone(config)):
            typer.echo(line)


@token.command("revoke")
def token_revoke(number: int) -> None:
    """Make the token NUMBER of `token list` worthless at once."""
    from gateway.people.tokens import revoke

    with session("token") as config:
        if not asyncio.run(revoke(config, number)):
            fail([f"there is no token {number}"], 1)


@person.command("export")
def person_export(who: str) -> None:
    """Print what is kept about WHO (id, telephone number or mail address) as JSON."""
    from gateway.people.commands import export

    _about(who, export)


@person.command("erase")
def person_erase(who: str) -> None:
    """Erase what is personal about WHO; timeline and measures stay as they are."""
    from gateway.people.commands import erase

    _about(who, erase)


@person.command("part")
def person_part(address: str) -> None:
    """Take ADDRESS from the person it is linked to: it is somebody else's, with the reports that it sent."""
    from gateway.people.commands import part

    _about(address, part)


@measures.command("recompute")
def measures_recompute(
    check: Annotated[bool, typer.Option("--check", help="Compare with what is kept, change nothing.")] = False,
) -> None:
    """Compute every figure again from the timeline."""
    from gateway.figures.measures import Disagreement, recompute

    with session("measures") as config:
        try:
            asyncio.run(recompute(config, check))
        except Disagreement as problem:
            fail([str(problem)], 1)


def _staffing(act: Callable[..., Coroutine[Any, Any, Any]], *given: Any) -> Any:
    from gateway.importing import ImportFaults
    from gateway.people.staffing import NotDone

    with session("agent") as config:
        try:
            return asyncio.run(act(config, *given))
        except ImportFaults as problem:
            fail(str(problem).splitlines(), 1)
        except NotDone as problem:
            fail([str(problem)], 1)


def _about(who: str, act: Callable[[Config, str], Coroutine[Any, Any, str]]) -> None:
    from gateway.people.identities import NotLinked
    from gateway.people.privacy import Nobody

    with session("person") as config:
        try:
            typer.echo(asyncio.run(act(config, who)))
        except (Nobody, NotLinked) as problem:
            fail([str(problem)], 1)


if __name__ == "__main__":
    main()
