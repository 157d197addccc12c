"""The command line: ``acd``. Everything a person does at a terminal; each command says in one line what came of it.

A command imports what it needs when it runs: an operator who wants a break does not wait for the web server's modules.
"""

import asyncio
import getpass
import json
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from acd.bootstrap.settings import Settings, configure_log
from acd.figures.periods import Grain
from acd.figures.report import Dimension
from acd.figures.survey import SCORES
from acd.model.account import Role, Scope
from acd.model.events import CallOffered, Event
from acd.model.mendable import Mendable
from acd.model.outcome import Outcome
from acd.model.zone import ZONE
from acd.runtime.control import ControlError, ask

if TYPE_CHECKING:
    from acd.figures.report import Query, Report, Value
    from acd.figures.survey import SurveyReport
    from acd.records import Archive

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Call-routing engine for city contact centres.",
)
dialplan = typer.Typer(no_args_is_help=True, help="Asterisk's part.")
prompts = typer.Typer(no_args_is_help=True, help="Spoken texts.")
operator = typer.Typer(no_args_is_help=True, help="Operators: who takes calls now.")
callbacks = typer.Typer(help="Promises to call citizens back.")
app.add_typer(callbacks, name="callbacks")
app.add_typer(dialplan, name="dialplan")
app.add_typer(prompts, name="prompts")
app.add_typer(operator, name="operator")
line = typer.Typer(no_args_is_help=True, help="Lines: open or closed against their hours.")
app.add_typer(line, name="line")
call = typer.Typer(no_args_is_help=True, help="Callers who wait.")
app.add_typer(call, name="call")
user = typer.Typer(no_args_is_help=True, help="Accounts: who may sign in to the pages.")
app.add_typer(user, name="user")
key = typer.Typer(no_args_is_help=True, help="Keys: what programs show to read figures and lists.")
app.add_typer(key, name="key")
webhooks = typer.Typer(help="The city's programs that are told what happens.")
app.add_typer(webhooks, name="webhooks")
records = typer.Typer(no_args_is_help=True, help="The ledger, and the tables made from it.")
app.add_typer(records, name="records")

out = Console(soft_wrap=True, highlight=False, markup=False)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)

T = TypeVar("T")

RESTART_TAKES = 120.0
"""Seconds that a restart of the service or of Asterisk may take, until it has the other again."""


def fail(message: str, code: int = 1) -> NoReturn:
    err.print(message)
    raise typer.Exit(code)


def settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        faults = [f"ACD_{'.'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in error.errors()]
        fail("\n".join(faults))


@contextmanager
def plainly() -> Iterator[None]:
    """What the person can mend is said without a traceback."""
    try:
        yield
    except (Mendable, OSError) as error:
        fail(said(error))


def said(error: Exception) -> str:
    """What went wrong, without the number that the system has for it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def carry_out(work: Coroutine[Any, Any, T]) -> T:
    with plainly():
        return asyncio.run(work)


def request(do: str, **details: Any) -> dict[str, Any]:
    return carry_out(ask(settings().socket, do, **details))


def whoami() -> str:
    return f"cli:{getpass.getuser()}"


# --- The service -----------------------------------------------------------------------------------------------------


@app.command()
def run(log_json: Annotated[bool | None, typer.Option(help="Log as JSON lines, or in colour.")] = None) -> None:
    """Run the service until it is told to stop. Settings come from ACD_... variables and from queues.yaml."""
    from acd.bootstrap.service import Service

    configure_log(log_json)

    def ready(service: Service) -> None:
        err.print("\n".join(service.greeting()))

    async def serve() -> None:
        await Service(settings()).run(ready)

    carry_out(serve())


@app.command()
def check() -> None:
    """Check queues.yaml, the menus and the prompts; every fault with its file and line."""
    from acd.bootstrap.tools import check as check_files

    with plainly():
        report = check_files(settings())
    for line in report.faults:
        err.print(line)
    for line in report.warnings:
        err.print(f"{line} (warning)")
    if report.faults:
        fail(f"{len(report.faults)} fault(s)")
    out.print(report.summary)


@app.command()
def status() -> None:
    """The link, the calls and the operators of the running service."""
    answer = request("status")
    for key in ("linked", "draining", "crisis", "calls", "waiting", "talking", "behind", "web"):
        out.print(f"{key:9} {answer[key]}")
    show_operators(answer)


@app.command()
def reload() -> None:
    """Let the service read queues.yaml again. Waiting calls keep the settings they entered with."""
    changes = request("reload")["changes"]
    out.print("\n".join(changes) if changes else "nothing has changed")


@app.command()
def crisis(
    message: Annotated[str, typer.Argument(help="Prompt id of the message, or 'off'.")],
) -> None:
    """Switch the crisis message on or off: heard by new callers and by those already waiting."""
    answer = request("crisis", message=None if message == "off" else message, by=whoami())
    out.print(f"crisis message: {answer['crisis'] or 'off'}")


@app.command()
def drain(
    off: Annotated[bool, typer.Option("--off", help="Take new callers again.")] = False,
    then: Annotated[
        str | None,
        typer.Option(help="Command to run when nobody is left, e.g. a restart; then callers are taken again."),
    ] = None,
    patience: Annotated[float, typer.Option(help="Seconds to wait for the last caller.")] = 3600.0,
) -> None:
    """Maintenance: new callers hear so, those inside are served, and when nobody is left the command is run."""
    command = None if then is None else executable(then)
    request("drain", on=not off, by=whoami())
    if off:
        out.print("new callers are taken")
        return
    until = time.monotonic() + patience
    while (left := request("status")["calls"]) and time.monotonic() < until:
        err.print(f"{left} call(s) left")
        time.sleep(2)
    if left:
        fail(f"{left} call(s) are still there after {patience:.0f} s; new callers are still refused (acd drain --off)")
    out.print("nobody is left")
    if command is not None:
        run_and_return(command)


def executable(command: str) -> list[str]:
    """The words of a command, looked at before anybody is refused for its sake."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        fail(f"--then {command!r}: {error}")
    if not words or shutil.which(words[0]) is None:
        fail(f"--then {command!r}: there is no such command")
    return words


def run_and_return(command: list[str]) -> None:
    """The maintenance itself. Callers are taken again whatever came of it, also by a service that it started anew."""
    try:
        code = subprocess.run(command, check=False).returncode  # noqa: S603 - the administrator's own words
        if code:
            err.print(f"{shlex.join(command)} ended with {code}")
    except OSError as error:
        err.print(f"{shlex.join(command)}: {said(error)}")
    until = time.monotonic() + RESTART_TAKES
    while not linked() and time.monotonic() < until:
        time.sleep(1)
    try:
        asyncio.run(ask(settings().socket, "drain", on=False, by=whoami()))
    except (Mendable, OSError) as error:
        fail(f"{said(error)}; new callers are still refused (acd drain --off)")
    out.print("new callers are taken")


def linked() -> bool:
    """The service runs and has its switch."""
    try:
        return bool(asyncio.run(ask(settings().socket, "status"))["linked"])
    except (Mendable, OSError):
        return False


# --- Asterisk's part -------------------------------------------------------------------------------------------------


@dialplan.command("build")
def dialplan_build(
    to: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("var/asterisk"),
    site: Annotated[Path | None, typer.Option(help="YAML with trunk, secrets and addresses; made when absent.")] = None,
) -> None:
    """Write what Asterisk loads: the hand-written frame and everything that follows from queues.yaml and the menus."""
    from acd.bootstrap.tools import build_dialplan

    with plainly():
        written = build_dialplan(settings(), to, site)
    out.print(f"{len(written)} files in {to}")


@prompts.command("build")
def prompts_build(
    to: Annotated[Path, typer.Option(help="Folder of Asterisk's sounds.")] = Path("var/sounds"),
    recordings: Annotated[Path | None, typer.Option(help="Recorded files <lang>/<id>.wav; they win.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Command with {voice}, {text}, {out}; default espeak-ng.")] = None,
) -> None:
    """Render the spoken texts of the catalogue in all languages. Unchanged ones are left alone."""
    from acd.bootstrap.tools import render_prompts

    with plainly():
        report = render_prompts(settings(), to, recordings, speaker)
    out.print(str(report))
    if report.failures:
        raise typer.Exit(1)


# --- Operators -------------------------------------------------------------------------------------------------------

Who = Annotated[str, typer.Argument(help="Operator id of queues.yaml.")]


def act(who: str, action: str, **details: Any) -> None:
    answer = request("operator", operator=who, action=action, by=whoami(), **details)
    reason = f" ({answer['reason']})" if answer["reason"] else ""
    out.print(f"{answer['operator']}: {answer['state']}{reason}")


@operator.command()
def login(who: Who) -> None:
    """Log in, not ready yet."""
    act(who, "login")


@operator.command()
def logout(who: Who) -> None:
    """Log out; a call in hand is finished first."""
    act(who, "logout")


@operator.command()
def ready(who: Who) -> None:
    """Take calls."""
    act(who, "ready")


@operator.command()
def pause(
    who: Who, reason: Annotated[str, typer.Argument(help="One of the reasons of queues.yaml.")] = "pauze"
) -> None:
    """Take no calls, for a reason."""
    act(who, "pause", reason=reason)


@operator.command("list")
def operator_list() -> None:
    """All operators and what they are doing."""
    show_operators(request("status"))


def show_operators(answer: dict[str, Any]) -> None:
    table = Table("operator", "name", "state", "reason", "since")
    for o in answer["operators"]:
        table.add_row(o["operator"], o["name"], o["state"], o["reason"] or "", clock(o["since"]))
    out.print(table)


@operator.command("lines")
def operator_lines(
    who: Who,
    lines: Annotated[list[str] | None, typer.Argument(help="Line ids: what he serves until midnight.")] = None,
    back: Annotated[bool, typer.Option("--back", help="Those of queues.yaml again.")] = False,
) -> None:
    """Let an operator serve other lines for now: until it is taken back, or until midnight."""
    if back is bool(lines):
        fail("say which lines, or --back")
    out.print(request("floor_lines", operator=who, lines=None if back else lines, by=whoami())["said"])


# --- Lines and callers -----------------------------------------------------------------------------------------------

Line = Annotated[str, typer.Argument(help="Line id of queues.yaml.")]


@line.command("open")
def line_open(which: Line) -> None:
    """Take new callers whatever the hours say, until "acd line auto"."""
    out.print(request("floor_line", line=which, open=True, by=whoami())["said"])


@line.command("close")
def line_close(which: Line) -> None:
    """Take no new callers whatever the hours say, until "acd line auto"; who waits is served."""
    out.print(request("floor_line", line=which, open=False, by=whoami())["said"])


@line.command("auto")
def line_auto(which: Line) -> None:
    """Follow the opening hours again."""
    out.print(request("floor_line", line=which, open=None, by=whoami())["said"])


@line.command("list")
def line_list() -> None:
    """All lines: open or closed, by whom, and who waits."""
    table = Table("line", "open", "because", "since", "waiting", "available", "logged in")
    for one in request("floor")["lines"]:
        by, since = ("hours", "") if one["switched"] is None else (one["switched"]["by"], clock(one["switched"]["at"]))
        numbers = (str(one[key]) for key in ("waiting", "available", "logged_in"))
        table.add_row(one["line"], "open" if one["open"] else "closed", by, since, *numbers)
    out.print(table)


@call.command("list")
def call_list() -> None:
    """Callers who wait, longest first."""
    found = request("floor")
    table = Table("call", "line", "number", "waits", "state")
    for one in found["calls"]:
        waits = f"{found['at'] - one['entered_at']:.0f} s"
        table.add_row(one["call"], one["line"], one["number"] or "withheld", waits, one["state"])
    out.print(table)


@call.command("move")
def call_move(which: Annotated[str, typer.Argument(help="The call, as the list names it.")], to: Line) -> None:
    """Let a waiting caller wait on another line; he keeps the moment at which he began to wait."""
    out.print(request("floor_move", call=which, line=to, by=whoami())["said"])


# --- Accounts --------------------------------------------------------------------------------------------------------

Name = Annotated[str, typer.Argument(help="Name of the account.")]
RoleOf = Annotated[Role, typer.Argument(help="What the account may do.")]
OperatorOf = Annotated[str | None, typer.Option("--operator", help="Operator id of queues.yaml, if he takes calls.")]


@user.command("add")
def user_add(name: Name, role: RoleOf = Role.OPERATOR, operator: OperatorOf = None) -> None:
    """A new account; says its one-time password, or the link of a wallboard."""
    from acd.bootstrap.people import add

    out.print(carry_out(add(settings(), whoami(), name, role, operator)))


@user.command("passwd")
def user_passwd(name: Name) -> None:
    """A new one-time password, or a new link of a wallboard; whoever is signed in is signed out."""
    from acd.bootstrap.people import renew

    out.print(carry_out(renew(settings(), whoami(), name)))


@user.command("role")
def user_role(name: Name, role: RoleOf, operator: OperatorOf = None) -> None:
    """Another role; whoever is signed in is signed out."""
    from acd.bootstrap.people import set_role

    carry_out(set_role(settings(), whoami(), name, role, operator))
    out.print(f"{name}: {role}")


@user.command("disable")
def user_disable(name: Name, again: Annotated[bool, typer.Option("--enable", help="Open it again.")] = False) -> None:
    """Close an account; whoever is signed in is signed out at once."""
    from acd.bootstrap.people import set_disabled

    carry_out(set_disabled(settings(), whoami(), name, not again))
    out.print(f"{name}: {'open' if again else 'closed'}")


@user.command("list")
def user_list() -> None:
    """All accounts."""
    from acd.bootstrap.people import accounts

    table = Table("name", "role", "operator", "state", "last signed in")
    for one in carry_out(accounts(settings())):
        state = "closed" if one.disabled_at else "one-time password" if one.must_change else "open"
        table.add_row(
            one.name, one.role, one.operator or "", state, clock(one.signed_in_at) if one.signed_in_at else ""
        )
    out.print(table)


# --- Keys ------------------------------------------------------------------------------------------------------------

KeyName = Annotated[str, typer.Argument(help="What the key is for.")]


@key.command("add")
def key_add(
    name: KeyName,
    scope: Annotated[list[Scope], typer.Option(help="What it opens; more than one: say it again.")],
    days: Annotated[int | None, typer.Option(help="Valid so long; left out, until it is revoked.")] = None,
) -> None:
    """A new key for a program; it is shown this once."""
    from acd.bootstrap.people import add_key

    out.print(carry_out(add_key(settings(), whoami(), name, scope, days)))


@key.command("revoke")
def key_revoke(name: KeyName) -> None:
    """Revoke a key: it opens nothing any more, at once and for good."""
    from acd.bootstrap.people import revoke_key

    carry_out(revoke_key(settings(), whoami(), name))
    out.print(f"{name}: revoked")


@key.command("list")
def key_list() -> None:
    """All keys, also those that open nothing any more."""
    from acd.bootstrap.people import keys

    table = Table("name", "opens", "state", "until", "last used", "made by")
    for one in carry_out(keys(settings())):
        state = "revoked" if one.revoked_at else "open" if one.opens(time.time()) else "expired"
        until = clock(one.expires_at) if one.expires_at else "no end"
        used = clock(one.used_at) if one.used_at else "never"
        table.add_row(one.name, ", ".join(sorted(one.scopes)), state, until, used, one.created_by)
    out.print(table)


# --- The city's programs ---------------------------------------------------------------------------------------------

HookName = Annotated[str, typer.Argument(help="Name of the webhook in queues.yaml.")]


@webhooks.callback(invoke_without_command=True)
def webhooks_list(context: typer.Context) -> None:
    """All webhooks, and how the deliveries to each stand; or what is done about one of them."""
    if context.invoked_subcommand is not None:
        return
    from acd.bootstrap.hooks import overview

    table = Table("webhook", "address", "told", "waiting", "given up", "last taken", "trouble")
    for row in carry_out(overview(settings())):
        state, kinds = row.state, ", ".join(sorted(row.hook.kinds))
        last = clock(state.delivered_at) if state.delivered_at else "never"
        told = kinds + (" (with personal data)" if row.hook.personal else "")
        trouble = row.fault or state.error or ""
        table.add_row(row.hook.name, row.hook.url, told, str(state.pending), str(state.dead), last, trouble)
    out.print(table)


@webhooks.command("dead")
def webhooks_dead() -> None:
    """Deliveries that were given up, the latest first."""
    from acd.bootstrap.hooks import given_up

    table = Table("webhook", "id", "what", "at", "attempts", "last answer")
    for one in carry_out(given_up(settings())):
        table.add_row(one.hook, one.news, one.kind, clock(one.at), str(one.attempts), one.error or "")
    out.print(table)


@webhooks.command("test")
def webhooks_test(name: HookName) -> None:
    """Send a signed test now, and say how the receiver answered."""
    from acd.bootstrap.hooks import send_test

    out.print(f"{name}: taken, the receiver answered {carry_out(send_test(settings(), whoami(), name))}")


@webhooks.command("redeliver")
def webhooks_redeliver(
    name: HookName,
    id: Annotated[str | None, typer.Argument(help="One delivery; left out, all that were given up.")] = None,
) -> None:
    """Send once more what was given up, or one delivery, also one that was taken."""
    from acd.bootstrap.hooks import redeliver

    count = carry_out(redeliver(settings(), whoami(), name, id))
    out.print(f"{name}: {count} to be sent again")


@webhooks.command("secret")
def webhooks_secret() -> None:
    """Make a new secret: for the file of the webhook, and for its receiver."""
    from acd.hooks.signing import new_secret

    out.print(new_secret())


# --- Records ---------------------------------------------------------------------------------------------------------


@app.command()
def calls(
    call: Annotated[
        str | None, typer.Argument(help="One call: its whole story, and why it went where it went.")
    ] = None,
    line: Annotated[str | None, typer.Option(help="Only this line.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only with this outcome.")] = None,
    who: Annotated[str | None, typer.Option("--operator", help="Only those who spoke with him.")] = None,
    day: Annotated[str | None, typer.Option(help="Only this day, 2027-03-01.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """The calls, newest first; or the story of one."""
    from acd.records import day_bounds

    bounds: tuple[float | None, float | None] = (None, None)
    if day is not None:
        try:
            bounds = day_bounds(date.fromisoformat(day))
        except ValueError:
            fail(f"--day {day!r}: a date looks like 2027-03-01")
    if call is not None:
        carry_out(tell_story(call, as_json))
    else:
        carry_out(list_calls(line, outcome, who, bounds, limit, as_json))


async def list_calls(
    line: str | None,
    outcome: Outcome | None,
    who: str | None,
    bounds: tuple[float | None, float | None],
    limit: int,
    as_json: bool,
) -> None:
    archive = open_archive()
    try:
        rows = await archive.calls(
            line=line, outcome=outcome, operator=who, since=bounds[0], until=bounds[1], limit=limit
        )
    finally:
        await archive.close()
    if as_json:
        for row in rows:
            sys.stdout.write(json.dumps(row_dict(row)) + "\n")
        return
    table = Table("call", "arrived", "line", "number", "outcome", "waited", "operator")
    for row in rows:
        waited = "" if row.waited is None else f"{row.waited:.0f} s"
        what = row.outcome.value if row.outcome else "open"
        table.add_row(
            row.call, clock(row.arrived_at), row.line or "", row.number or "", what, waited, row.operator or ""
        )
    out.print(table)


def open_archive() -> "Archive":
    from acd.records import Archive

    return Archive(settings().database_url)


def row_dict(row: msgspec.Struct) -> dict[str, Any]:
    return {field: getattr(row, field) for field in row.__struct_fields__}


async def tell_story(call: str, as_json: bool) -> None:
    archive = open_archive()
    try:
        events = await archive.call_story(call)
    finally:
        await archive.close()
    if not events:
        raise ControlError(f"no call {call!r} in the records")
    for event in events:
        out.print(f"{clock(event.at, fine=True)}  {words(event)}")
        if isinstance(event, CallOffered) and not as_json:
            out.print(f"{'':14}{explain(event)}")


def words(event: Event) -> str:
    """An event on one line."""
    details = [
        f"{field}={value}"
        for field in event.__struct_fields__
        if field not in ("at", "call", "why") and (value := getattr(event, field)) not in (None, "")
    ]
    return f"{type(event).__name__} {' '.join(details)}"


LINE_RULES = {
    "only_line": "no other line had both a caller and an idle operator",
    "guard": "its first caller had waited longest, beyond the limit that goes before everything",
    "fixed_queue_ratio": "its queue most exceeded its share of all who wait",
    "longest_waiting": "its first caller had waited longest",
}
OPERATOR_RULES = {
    "only_operator": "the only idle operator of the line",
    "least_skilled": "the idle operator with the fewest lines: the others are kept for lines that only they serve",
    "longest_idle": "the operator who had been idle longest",
}


def explain(offered: CallOffered) -> str:
    """In a sentence, why this call went to this operator."""
    why = offered.why
    return (
        f"{offered.line}: {LINE_RULES[why.line_rule]} (waited {why.waited:.1f} s, {why.waiting} waiting, "
        f"{why.queue_share:.0%} of the queue against a share of {why.line_share:.0%}); "
        f"{offered.operator}: {OPERATOR_RULES[why.operator_rule]} "
        f"({why.candidates} idle, level {why.level}, {why.skills} lines, idle {why.idle:.1f} s)"
    )


def clock(at: float, fine: bool = False) -> str:
    moment = datetime.fromtimestamp(at, ZONE)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}" if fine else f"{moment:%Y-%m-%d %H:%M:%S}"


# --- Promises to call back -------------------------------------------------------------------------------------------

Which = Annotated[str, typer.Argument(help="The promise, as the list names it.")]
Why = Annotated[str | None, typer.Option(help="In your words, for the log; nothing about the citizen.")]


@callbacks.callback(invoke_without_command=True)
def callbacks_list(
    context: typer.Context,
    closed: Annotated[int | None, typer.Option(min=1, max=10_000, help="So many that are no longer owed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Citizens who are to be called back, the most urgent first; or what is done about one of them."""
    if context.invoked_subcommand is not None:
        return
    found = request("callbacks", closed=closed)["callbacks"]
    if as_json:
        for promise in found:
            sys.stdout.write(json.dumps(promise) + "\n")
        return
    table = Table(
        "callback", "line", "number", "state", "window", "deadline", "attempts", "last result", "owner", "why"
    )
    for p in found:
        late = " late" if closed is None and p["deadline"] <= time.time() else ""
        moments = (window(p["window"]), minute(p["deadline"]) + late)
        who = (p["last_result"] or "", p["owner"], p["reason"])
        table.add_row(p["callback"], p["line"], p["number"], p["state"], *moments, str(p["attempts"]), *who)
    out.print(table)


@callbacks.command()
def show(callback: Which) -> None:
    """The whole story of one promise, and the number to call."""
    story = request("callback", callback=callback)
    p = story["row"]
    reason = f" ({p['reason']})" if p["reason"] else ""
    out.print(f"{p['callback']}  {p['line']}  {p['state']}{reason}  {p['number'] or 'number erased'}")
    out.print(f"{window(p['window'])}, at the latest {minute(p['deadline'])}")
    for a in reversed(story["attempts"]):
        out.print(f"{clock(a['at'])}  attempt by {a['operator']}: {a['result'] or 'under way'}")
    for step in reversed(story["history"]):
        moment = f", from {minute(step['moment'])}" if step["moment"] else ""
        note = f" ({step['note']})" if step["note"] else ""
        out.print(f"{clock(step['at'])}  {step['by']}: {step['what']}{note}{moment}")


def minute(at: float) -> str:
    return f"{datetime.fromtimestamp(at, ZONE):%Y-%m-%d %H:%M}"


def window(moments: dict[str, float]) -> str:
    """``2027-03-01 10:00-10:30``; the end with its day if that is another one."""
    start, end = minute(moments["start"]), minute(moments["end"])
    return f"{start}-{end[11:] if start[:10] == end[:10] else end}"


def act_on(callback: str, action: str, **details: Any) -> None:
    p = request("callback_act", callback=callback, action=action, by=whoami(), **details)
    owed = f", {window(p['window'])}" if p["state"] == "open" else ""
    out.print(f"{p['callback']}: {p['state']}{owed}")


@callbacks.command("call-now")
def call_now(callback: Which, why: Why = None) -> None:
    """Its moment is now: the next operator who has time calls."""
    act_on(callback, "call_now", why=why)


@callbacks.command()
def move(
    callback: Which,
    to: Annotated[datetime, typer.Argument(help="2027-03-01T14:30, Brussels time.", formats=["%Y-%m-%dT%H:%M"])],
    why: Why = None,
) -> None:
    """Another moment."""
    act_on(callback, "move", at=to.replace(tzinfo=ZONE).timestamp(), why=why)


@callbacks.command("no-answer")
def no_answer(callback: Which, why: Why = None) -> None:
    """You rang the citizen, in vain: it counts as an attempt."""
    act_on(callback, "no_answer", why=why)


@callbacks.command("wrong-number")
def wrong_number(callback: Which, why: Why = None) -> None:
    """The number is not the citizen's: nothing more can be done."""
    act_on(callback, "wrong_number", why=why)


@callbacks.command()
def done(callback: Which, why: Why = None) -> None:
    """You spoke with the citizen."""
    act_on(callback, "done", why=why)


@callbacks.command("hand-over")
def hand_over(
    callback: Which,
    to: Annotated[str | None, typer.Option(help="Who deals with it; default: you.")] = None,
    why: Why = None,
) -> None:
    """The automation leaves it to a person."""
    act_on(callback, "hand_over", to=to, why=why)


@callbacks.command()
def cancel(callback: Which, why: Why = None) -> None:
    """The citizen does not want it any more."""
    act_on(callback, "cancel", why=why)


@callbacks.command()
def figures(
    first: Annotated[str, typer.Argument(help="The first day, 2027-03-01.")],
    last: Annotated[str | None, typer.Argument(help="The last day; default: the same.")] = None,
) -> None:
    """How the promise of the 150 seconds was kept on these days, with formula and numbers."""
    from acd.bootstrap.tools import figures_of

    try:
        days = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        fail(f"{first!r} {last or ''}: a date looks like 2027-03-01")
    for name, figure in carry_out(figures_of(settings(), *days, time.time())).items():
        share = "-" if figure.value is None else f"{figure.value:.1%}"
        weak = " (weak: few)" if figure.of and figure.weak else ""
        out.print(f"{name:22} {share:>7}  {figure.part} of {figure.of}{weak}  {figure.formula}")


# --- Figures ---------------------------------------------------------------------------------------------------------

FirstDay = Annotated[str | None, typer.Argument(help="The first day, 2027-03-01, or a moment, 2027-03-01T09:30.")]
LastDay = Annotated[str | None, typer.Argument(help="The last day, or the moment at which it ends.")]


@app.command()
def report(
    first: FirstDay = None,
    last: LastDay = None,
    figure: Annotated[list[str] | None, typer.Option(help="An id of --list, or id@seconds; several times.")] = None,
    grain: Annotated[Grain, typer.Option(help="Cut into these periods.")] = Grain.TOTAL,
    by: Annotated[list[Dimension] | None, typer.Option(help="Told apart by line, operator or both.")] = None,
    line: Annotated[list[str] | None, typer.Option(help="Only this line; several times.")] = None,
    who: Annotated[list[str] | None, typer.Option("--operator", help="Only this operator; several times.")] = None,
    norms: Annotated[bool, typer.Option(help="The norms of several cities side by side, for the same calls.")] = False,
    behind: Annotated[str | None, typer.Option(help="The calls behind this figure, one JSON object a line.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Of --behind, at most so many.")] = 1000,
    to: Annotated[Path | None, typer.Option(help="Write a .csv or .xlsx instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="All figures and their formulas.")] = False,
    survey: Annotated[bool, typer.Option(help="Instead: what callers answered after the conversation.")] = False,
) -> None:
    """The figures of some days (default: today), each with its formula and what stands behind it."""
    from acd.bootstrap import reports
    from acd.figures.catalogue import catalogue
    from acd.figures.report import read_ref

    if list_all:
        sys.stdout.write(catalogue())
        return
    today = f"{datetime.now(ZONE):%Y-%m-%d}"
    start = first or today
    if survey:
        scores = carry_out(reports.survey_report(settings(), start, last or start[:10]))
        if as_json:
            sys.stdout.write(msgspec.json.encode(scores).decode() + "\n")
        else:
            show_survey(scores)
        return
    with plainly():
        chosen = [ref.key for _, ref in reports.norm_refs()] if norms else figure or []
        query = reports.asked(
            settings(),
            start,
            last or start[:10],
            time.time(),
            figures=chosen,
            grain=grain,
            by=by or [],
            lines=line or [],
            operators=who or [],
        )
        ref = None if behind is None else read_ref(behind)
    if ref is not None:
        for found in carry_out(reports.rows_behind(settings(), query, ref, limit)):
            sys.stdout.write(json.dumps(row_dict(found.fact) | {"counts": found.counts}) + "\n")
        return
    made = carry_out(reports.make_report(settings(), query))
    if to is not None:
        with plainly():
            reports.write_report(made, to)
        out.print(f"{len(made.rows)} rows in {to}")
    elif as_json:
        sys.stdout.write(msgspec.json.encode(made).decode() + "\n")
    else:
        show_report(made, query)


def show_report(made: "Report", query: "Query") -> None:
    """A table, and under it the formulas and the times in which nothing could be seen."""
    table = Table(query.grain.value, *(by.value for by in query.by), *(meaning.key for meaning in made.figures))
    told_apart = bool(query.by) or query.grain is not Grain.TOTAL
    for row in (*(made.rows if told_apart else ()), made.total):
        names = [getattr(row, by.value) or "" for by in query.by]
        period = ("total" if row is made.total else row.period) + (" *" if row.gap else "")
        table.add_row(period, *names, *(shown(row.values.get(meaning.key), meaning.unit) for meaning in made.figures))
    out.print(table)
    for meaning in made.figures:
        out.print(f"{meaning.key}: {meaning.nl} = {meaning.formula} (version {meaning.version})")
    for gap in made.gaps:
        began = "the begin" if gap.began_at is None else clock(gap.began_at)
        ended = "now" if gap.ended_at is None else clock(gap.ended_at)
        out.print(f"* nothing could be seen from {began} to {ended} ({gap.reason}): counts are a lower bound")


def show_survey(made: "SurveyReport") -> None:
    """By line and question; ``!`` = of fewer than 10 scores."""
    table = Table("line", "question", "n", "mean", "response", *map(str, SCORES))
    for one in made.results:
        weak = " !" if one.weak else ""
        response = "-" if one.response is None else f"{one.response:.1%} ({one.n}/{one.asked})"
        table.add_row(one.line, one.question, f"{one.n}{weak}", f"{one.mean:.2f}", response, *map(str, one.counts))
    out.print(table)
    for line in sorted(made.sent.keys() | made.sampled.keys()):
        out.print(
            f"{line}: asked {made.sampled.get(line, 0)} of the sample, {made.sent.get(line, 0)} sent by operators"
        )
    out.print(f"mean = {made.mean_is}")
    out.print(f"response = {made.response_is}")


def shown(value: "Value | None", unit: str) -> str:
    """``97.4 % (447/459)``; ``!`` = of fewer than 10."""
    if value is None or value.value is None:
        return "-"
    weak = " !" if value.weak else ""
    match unit:
        case "count":
            return f"{value.value:.0f}"
        case "share":
            return f"{value.value:.1%} ({value.part:.0f}/{value.of:.0f}){weak}"
        case _:
            return f"{value.value:.1f} s ({value.of:.0f}){weak}"


@records.command("rebuild")
def records_rebuild() -> None:
    """Make all tables anew from the ledger. The same ledger gives the same rows."""
    from acd.bootstrap.reports import make_anew

    out.print(f"made anew from {carry_out(make_anew(settings()))} events")


@records.command("export")
def records_export(
    view: Annotated[str, typer.Argument(help="One of 'acd records views', with or without report_ before it.")],
    to: Annotated[Path, typer.Argument(help="A .csv, .xlsx or .parquet.")],
    first: FirstDay = None,
    last: LastDay = None,
) -> None:
    """Write the rows of a view to a file; without days all of them."""
    from acd.bootstrap.reports import export_view

    bounds = (first or "2000-01-01", last or (first[:10] if first else "2099-12-31"))
    out.print(f"{carry_out(export_view(settings(), view, *bounds, to))} rows in {to}")


@records.command("views")
def records_views() -> None:
    """The views for Power BI and others, with every column, its type and its unit."""
    from acd.records.views import dictionary

    sys.stdout.write(dictionary())


@app.command()
def replay(trace: Annotated[Path, typer.Argument(help="A recorded AMI session: NAME.recv.", exists=True)]) -> None:
    """Say what the engine would be told by a recorded AMI session, fact by fact."""
    from acd.bootstrap.tools import recorded_facts

    with plainly():
        for t, fact in recorded_facts(trace):
            out.print(f"{t:10.3f}  {fact}")


def main() -> None:
    app()


if __name__ == "__main__":
    main()
