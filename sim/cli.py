"""The simulator's command line: ``python -m sim run|compare|skills|staff|replay SCENARIO`` and ``faults``."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from acd.config import ConfigError
from acd.records import DatabaseUnusable
from sim.changes import BadChange, changed
from sim.count.run import count
from sim.faults.database import DATABASES
from sim.faults.kinds import FAULTS, faults_of
from sim.faults.run import judged_again
from sim.faults.run import report as table_of_faults
from sim.faults.run import run as run_faults
from sim.lab.asterisk import LabError
from sim.model.replications import CORES
from sim.model.setup import Setup
from sim.policies import ASTERISK, policy_name
from sim.recorded import BadDay
from sim.recorded_roster import roster as staff_of
from sim.replay import beside, beside_table
from sim.report import (
    Language,
    Report,
    page,
    report_of_comparison,
    report_of_replay,
    report_of_run,
    report_of_skills,
    report_of_staff,
)
from sim.results import BY_KEY, HOUSE, Summary, Unit, as_csv, as_json, lines_tables, shown, summary
from sim.scenario import Scenario, find, read, shipped
from sim.scenario import replay as replay_of
from sim.staff import OutOfReach, paper, smallest
from sim.staff.paper import refusal, staffing
from sim.staff.search import DAYS
from sim.staff.targets import with_targets
from sim.study import Comparison, Difference, best_skills, compare
from sim.study import Progress as Tell
from sim.study import run as run_all

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="What if? Years of calls through the routing engine itself, in seconds. "
    "Every figure is a mean over replications with its 95 % confidence interval.",
)
WIDTH = max(Console().width, 140)
"""A narrow terminal breaks the lines of a table, never its figures."""
out = Console(soft_wrap=True, highlight=False, width=WIDTH)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


class Roster(StrEnum):
    RECORDS = "records"
    SCENARIO = "scenario"


Name = Annotated[str, typer.Argument(metavar="SCENARIO", help="One of 'sim list', or a file.")]
Replications = Annotated[int | None, typer.Option("--replications", "-n", min=1, help="Instead of the scenario's.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Instead of the scenario's: other callers.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--change", "-c", help="What is different: 'extra mon 10:00-12:00 gentinfo', 'learn OPERATOR LINE', "
                 "'without OPERATOR', 'calls FACTOR [LINE]', 'policy NAME', 'callback never|late|early'; "
                 "'CHANGE + CHANGE' for both at once."),
]  # fmt: skip
_POLICY = f"Who decides who gets whom: QUEUE_RULE/OPERATOR_RULE of the engine, or {ASTERISK}: Asterisk's own Queue()."
PolicyName = Annotated[str | None, typer.Option("--policy", "-p", metavar="NAME", help=_POLICY)]
PolicyNames = Annotated[list[str] | None, typer.Option("--policy", "-p", metavar="NAME", help=_POLICY)]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a report with advice and charts too.")]
Json = Annotated[bool, typer.Option("--json", help="All figures as JSON.")]
Csv = Annotated[bool, typer.Option("--csv", help="All figures as CSV.")]
Cores = Annotated[int, typer.Option(min=1, help="Processes at work; the figures do not depend on it.")]
Tongue = Annotated[Language, typer.Option("--language", "-l", help="Of the names in tables.")]


@app.command("list")
def list_() -> None:
    """The scenarios that come with the simulator."""
    table = Table(box=None, pad_edge=False)
    table.add_column("scenario")
    table.add_column("")
    for name, path in shipped().items():
        scenario = _scenario(str(path))
        table.add_row(name, f"{scenario.title['nl']}: {scenario.about.get('nl', '')}")
    out.print(table)


@app.command()
def run(  # noqa: PLR0917
    scenario: Name,
    replications: Replications = None,
    seed: Seed = None,
    change: Changes = None,
    policy: PolicyName = None,
    html: Html = None,
    json: Json = False,
    csv: Csv = False,
    cores: Cores = CORES,
    language: Tongue = Language.NL,
) -> None:
    """Simulate a scenario, with changes if there are any, and show its figures."""
    given = _scenario(scenario)
    changes = [*(change or ()), *_policies([policy] if policy else None)]
    with _plain_words():
        setup = _with_changes(given.setup, changes)
    _check_html(html)
    count, first = _seeds(given, replications, seed)
    with _bar() as tell:
        (runs,) = run_all([setup], count, first, cores=cores, progress=tell)
    found = summary(runs, setup)
    _write(html, lambda: report_of_run(found, given, language, given=scenario, changes=changes), language)
    if json:
        out.out(as_json(found).decode(), highlight=False)
    elif csv:
        out.out(as_csv(found), end="")
    else:
        _head(given, language, changes)
        out.print(_about(given, language, count, setup.counted_days, found.policy))
        _print(lines_tables(found, language))
        for figure in HOUSE:
            out.print(f"{figure.names[language]}: {shown(found.house[figure.key], figure.unit)}")


@app.command("compare")
def compare_(  # noqa: PLR0917
    scenario: Name,
    change: Changes = None,
    policy: PolicyNames = None,
    replications: Replications = None,
    seed: Seed = None,
    html: Html = None,
    json: Json = False,
    cores: Cores = CORES,
    language: Tongue = Language.NL,
) -> None:
    """What each change brings, on the very same calls: the difference with the scenario as it is."""
    changes = [*(change or ()), *_policies(policy)]
    if not changes:
        _fail(f"nothing to compare with: name at least one --change or --policy, such as --policy {ASTERISK}")
    _check_html(html)
    given = _scenario(scenario)
    count, first = _seeds(given, replications, seed)
    with _plain_words(), _bar() as tell:
        base, found = compare(given.setup, changes, count, first, cores=cores, progress=tell)
    before = summary(base, given.setup)
    whole = Comparison(before, found)
    _write(html, lambda: report_of_comparison(whole, given, language, given=scenario), language)
    if json:
        out.out(msgspec.json.format(msgspec.json.encode(whole), indent=2).decode())
        return
    _head(given, language)
    out.print(_about(given, language, count, given.setup.counted_days, before.policy))
    _print(lines_tables(before, language))
    out.print()
    _print(_differences(found, language, before))


@app.command()
def skills(  # noqa: PLR0917
    scenario: Name,
    replications: Replications = None,
    seed: Seed = None,
    html: Html = None,
    json: Json = False,
    cores: Cores = CORES,
    language: Tongue = Language.NL,
) -> None:
    """Who should learn which line? The next skill that brings the most, the best first."""
    given = _scenario(scenario)
    count, first = _seeds(given, replications, seed)
    _check_html(html)
    with _bar() as tell:
        found = best_skills(given.setup, count, first, cores=cores, progress=tell)
    _write(html, lambda: report_of_skills(found, given, language), language)
    if json:
        out.out(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return
    _head(given, language)
    out.print(_about(given, language, count, given.setup.counted_days, policy_name(given.setup)))
    _print(_differences(found, language))


Records = Annotated[str, typer.Option("--records", help="Address of the database, such as sqlite:///acd.db.")]
Day = Annotated[datetime, typer.Option("--day", formats=["%Y-%m-%d"], help="The day to replay.")]


@app.command()
def replay(  # noqa: PLR0917
    scenario: Name,
    records: Records,
    day: Day,
    roster: Annotated[Roster, typer.Option(help="Who works: as recorded, or as the scenario says.")] = Roster.RECORDS,
    change: Changes = None,
    replications: Replications = None,
    seed: Seed = None,
    html: Html = None,
    json: Json = False,
    cores: Cores = CORES,
    language: Tongue = Language.NL,
) -> None:
    """A day of the product's own records, in the city of a scenario: as it was, and as it would be.

    The same calls come at the same moments. Who gave up has the patience that he had; of the others it is known to be
    longer than they waited. Only what nobody recorded is drawn, and the same seed draws the same.
    """
    given = _scenario(scenario)
    _check_html(html)
    with _plain_words():
        setup, calls = replay_of(replace(given.setup, first_day=day.date(), days=1), records, day.date())
        if roster is Roster.RECORDS:
            setup = replace(setup, staff=staff_of(records, day.date(), setup.policy.operators, _reasons(setup)))
        setup = _with_changes(setup, change)
    count, first = _seeds(given, replications, seed)
    with _bar() as tell:
        (runs,) = run_all([setup], count, first, cores=cores, progress=tell)
    found = beside(calls, runs, setup)
    whole = summary(runs, setup)
    _write(
        html,
        lambda: report_of_replay(found, whole, given, language, day.date(), given=scenario, changes=change or ()),
        language,
    )
    if json:
        out.out(msgspec.json.format(msgspec.json.encode(found), indent=2).decode(), highlight=False)
    else:
        out.print(f"[bold]{given.title[language]}[/]: {day.date()}")
        out.print(beside_table(found, language))


Target = Annotated[float | None, typer.Option(min=0.0, max=0.99, help="Share, instead of that of the lines.")]
Within = Annotated[float | None, typer.Option(min=1, max=3600, help="Seconds, instead of those of the lines.")]
Days = Annotated[int, typer.Option(min=10, max=10_000, help="Simulated days of each weekday to judge a plan by.")]


@app.command()
def staff(  # noqa: PLR0917
    scenario: Name,
    reachability: Target = None,
    share: Target = None,
    within: Within = None,
    change: Changes = None,
    days: Days = DAYS,
    seed: Seed = None,
    html: Html = None,
    json: Json = False,
    csv: Csv = False,
    cores: Cores = CORES,
    language: Tongue = Language.NL,
) -> None:
    """The smallest staffing per half-hour that meets the targets: who is needed, who is rostered, and the gap.

    In each half-hour the share of callers who are answered (--reachability) and who are answered in time (--share,
    --within) is met over all lines together, and on each line over the day. Operators are those of the city, with the
    lines they serve. On the days of the search nobody could be missed in any half-hour without missing a target: a
    smallest staffing, not a proof that no other mixture of people is smaller. How certain it is comes from other days.
    """
    given = _scenario(scenario)
    _check_html(html)
    with _plain_words():
        setup = with_targets(_with_changes(given.setup, change), reachability, share, within)
    try:
        with _bar() as tell:
            answer = smallest(setup, given.seed if seed is None else seed, days, cores=cores, progress=tell)
    except OutOfReach as error:
        _fail(refusal(error, language))
    found = staffing(answer)
    _write(
        html,
        lambda: report_of_staff(found, given, setup, language, given=scenario, changes=change or ()),
        language,
    )
    if json:
        out.out(paper.as_json(found).decode(), highlight=False)
    elif csv:
        out.out(paper.as_csv(found), end="")
    else:
        _head(given, language, change or ())
        for table in paper.tables(found, setup, language):
            out.print(table)
            out.print()
        out.print(paper.conclusion(found, language))


@app.command()
def faults(
    *,
    minutes: Annotated[float | None, typer.Option(min=1, help="How long; without it each fault comes once.")] = None,
    seed: Annotated[int, typer.Option(help="Of the order, the moments and the lengths.")] = 1,
    faults: Annotated[str, typer.Option(metavar="a,b", help=f"Only these of {', '.join(FAULTS)}.")] = "",
    database: Annotated[str, typer.Option(metavar="NAME", help=f"{' or '.join(DATABASES)}.")] = "postgresql",
    rate: Annotated[float, typer.Option(min=0.1, max=5, help="Times the usual callers.")] = 1.0,
    keep: Annotated[Path | None, typer.Option(metavar="FOLDER", help="For logs and ledger.")] = None,
    again: Annotated[
        Path | None,
        typer.Option("--again", metavar="FOLDER", help="Judge the run kept there; break nothing."),
    ] = None,
) -> None:
    """Break things around the running product on a real Asterisk, and judge whether it keeps its promises.

    The judge knows the telephones' own records and the database, and nothing else. Needs root, Asterisk, SIPp,
    PostgreSQL, libfaketime and a C compiler.
    """
    if database not in DATABASES:
        _fail(f"no such database: {database}; there are {' and '.join(DATABASES)}")
    names = faults.split(",") if faults else []
    if unknown := [name for name in names if name not in faults_of(database)]:
        _fail(f"no such fault with {database}: {', '.join(unknown)}; there are {', '.join(faults_of(database))}")
    if again is not None:
        try:
            verdict = judged_again(again)
        except (OSError, msgspec.DecodeError) as error:
            _fail(str(error))
    else:
        going = run_faults(names, database=database, minutes=minutes, seed=seed, rate=rate, into=keep, tell=err.print)
        try:
            verdict = asyncio.run(going)
        except (LabError, OSError) as error:
            _fail(str(error))
    out.out(table_of_faults(verdict))
    for broken in verdict.broken:
        err.print(f"broken: {broken.promise}: {broken.what}")
    for words in (*verdict.ends, *verdict.stumbles):
        err.print(words)
    if verdict.broken or verdict.ends or verdict.stumbles:
        raise typer.Exit(1)


def main() -> None:
    app()


def _seeds(given: Scenario, replications: int | None, seed: int | None) -> tuple[int, int]:
    """How many replications, and the seed of the first: as asked, or as the scenario says."""
    return replications or given.replications, given.seed if seed is None else seed


def _head(given: Scenario, language: Language, changes: Sequence[str] = ()) -> None:
    """What was simulated."""
    out.print(f"[bold]{given.title[language]}[/]", *([f"({', '.join(changes)})"] if changes else []))


_WORDS = {
    Language.NL: ("wijziging", "beantwoord per dag", "gesproken per dag", "zeker?", "ja", "nee", "zoals het is"),
    Language.EN: ("change", "answered per day", "spoken with per day", "certain?", "yes", "no", "as it is"),
    Language.FR: ("modification", "répondus par jour", "entendus par jour", "certain ?", "oui", "non", "tel quel"),
}
_PROMISED = ("reached", "promised", "kept", "unanswered", "broken")


def _print(tables: Iterable[Table]) -> None:
    for n, table in enumerate(tables):
        if n:
            out.print()
        out.print(table)


def _differences(found: list[Difference], language: Language, before: Summary | None = None) -> Iterator[Table]:
    """Points of a percentage, and what the confidence interval leaves of it; then what became of the promises."""
    deferring = any(one.deferring for one in found)
    change, answered, spoken, certain, yes, no, as_is = _WORDS[language]
    live = ("reachability", "service_level", "asa")
    keys = ("reached", *live, "broken") if deferring else live
    table = _table(change, spoken if deferring else answered, *(BY_KEY[key].names[language] for key in keys), certain)
    for one in found:
        people = one.spoken if deferring else one.answered
        table.add_row(
            one.change,
            shown(people, Unit.COUNT, signed=True),
            *(shown(getattr(one, key), BY_KEY[key].unit, signed=True) for key in keys),
            yes if people is not None and people.among(len(found)).certain else no,
        )
    yield table
    if deferring and before is not None:
        table = _table(change, *(BY_KEY[key].names[language] for key in _PROMISED))
        for words, after in ((as_is, before), *((one.change, one.after) for one in found)):
            values = after.total.values
            table.add_row(words, *(shown(values[key], BY_KEY[key].unit) for key in _PROMISED))
        yield table


def _table(first: str, *heads: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first)
    for head in heads:
        table.add_column(head, justify="right")
    return table


_HOW = {
    Language.NL: "{count} herhalingen van {days} dag(en) vanaf {first}, verdeling {policy}; "
    "gemiddelde ± 95 %-betrouwbaarheidsinterval",
    Language.EN: "{count} replications of {days} day(s) from {first}, routing {policy}; "
    "mean ± 95 % confidence interval",
    Language.FR: "{count} répétitions de {days} jour(s) à partir du {first}, répartition {policy} ; "
    "moyenne ± intervalle de confiance à 95 %",
}


def _about(scenario: Scenario, language: Language, count: int, days: int, policy: str) -> str:
    how = _HOW[language].format(count=count, days=days, first=scenario.setup.first_day, policy=policy)
    about = scenario.about.get(language.value)
    return f"{about}\n{how}" if about else how


def _policies(names: list[str] | None) -> list[str]:
    return [f"policy {name}" for name in names or ()]


def _check_html(file: Path | None) -> None:
    """Before minutes are spent: it can be written."""
    if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
        _fail(f"--html {file}: no file can be written there")


def _write(file: Path | None, report: Callable[[], Report], language: Language) -> None:
    if file is None:
        return
    try:
        file.write_text(page(report(), language), encoding="utf-8")
    except OSError as error:
        _fail(f"--html {file}: {error.strerror}")
    err.print(str(file))


def _scenario(name: str) -> Scenario:
    try:
        return read(find(name))
    except ConfigError as error:
        _fail(str(error))


@app.command("count")
def count_calls(
    to: Annotated[Path, typer.Argument(help="An empty folder for all that was written.")],
    calls: Annotated[int, typer.Option(min=20, max=5000, help="Citizens who call.")] = 500,
    rate: Annotated[float, typer.Option(min=0.2, max=20.0, help="Calls a second.")] = 4.0,
    prompts: Annotated[Path, typer.Option(help="Catalogue of the spoken texts.")] = Path("ivr_flows/prompts"),
) -> None:
    """On a real Asterisk, the engine killed twice: do SIPp, Asterisk's own records and ours agree call by call?"""
    to.mkdir(parents=True, exist_ok=True)
    verdict, measured = asyncio.run(count(to.resolve(), prompts, calls, rate, out.print))
    for name, n in sorted(verdict.outcomes.items()):
        out.print(f"{name:20} {n:5}")
    for difference in verdict.differences:
        out.print(str(difference))
    out.print(
        f"{verdict.calls} calls in {measured.seconds:.0f} s, engine killed {len(measured.killed)} times, "
        f"{verdict.repaired} calls repaired, {len(verdict.differences)} differences, "
        f"{len(verdict.unexplained)} of them outside a marked gap"
    )
    if verdict.differences:
        raise typer.Exit(1)


def _reasons(setup: Setup) -> list[str]:
    return [] if setup.city is None else list(setup.city.reasons)


def _with_changes(setup: Setup, changes: list[str] | None) -> Setup:
    for words in changes or ():
        setup = changed(setup, words)
    return setup


@contextmanager
def _plain_words() -> Iterator[None]:
    try:
        yield
    except (BadChange, BadDay, DatabaseUnusable) as error:
        _fail(str(error))


@contextmanager
def _bar() -> Iterator[Tell]:
    """A progress bar on a terminal; silence elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _fail(message: str) -> NoReturn:
    err.print(message)
    raise typer.Exit(1)
