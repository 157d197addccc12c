"""The answer on paper: what each half-hour needs, what is rostered, and the gap; as a table, JSON and CSV."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
from rich.table import Table

from acd.model.ids import LineId, OperatorId
from sim.model.setup import Setup
from sim.staff.plan import Cell, Skills, clock
from sim.staff.search import LIKELY, PROOFS, Answer, OutOfReach, Place
from sim.staff.tally import Block, OfLine, Pair, Ratio
from sim.staff.targets import SURE, Target, confidence

WEEKDAYS: Final = {
    "nl": ("ma", "di", "wo", "do", "vr", "za", "zo"),
    "en": ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    "fr": ("lu", "ma", "me", "je", "ve", "sa", "di"),
}
_Z: Final = 1.96
HEADS: Final = {
    "nl": ("tijd", "oproepen", "nu", "nodig", "verschil", "wie", "bereikbaarheid", "op tijd", "zekerheid"),
    "en": ("time", "calls", "now", "needed", "gap", "who", "reachability", "in time", "confidence"),
    "fr": ("heure", "appels", "prévus", "requis", "écart", "qui", "joignabilité", "à temps", "certitude"),
}
LINE_HEADS: Final = {
    "nl": ("lijn, hele dag", "oproepen", "bereikbaarheid", "op tijd", "zekerheid"),
    "en": ("line, whole day", "calls", "reachability", "in time", "confidence"),
    "fr": ("ligne, toute la journée", "appels", "joignabilité", "à temps", "certitude"),
}
_ALL: Final = {"nl": "alle lijnen", "en": "all lines", "fr": "toutes les lignes"}
HOURS: Final = {"nl": "medewerker-uren", "en": "operator hours", "fr": "heures d’agent"}


class Share(msgspec.Struct, frozen=True):
    """A share, and how far the truth may be from it with 95 % confidence."""

    mean: float
    half: float

    @classmethod
    def of(cls, seen: Ratio) -> "Share | None":
        return cls(seen.mean, _Z * seen.error) if seen.whole else None


class GroupNeed(msgspec.Struct, frozen=True):
    """Operators of one skill group in one half-hour."""

    lines: Skills
    now: int
    needed: int

    @property
    def gap(self) -> int:
        return self.needed - self.now


class Reached(msgspec.Struct, frozen=True):
    """What callers experience with the staffing needed."""

    reachability: Share | None
    service_level: Share | None
    target: Target
    confidence: float
    """That both targets are met, 0 to 1."""

    @classmethod
    def of(cls, pair: Pair, target: Target) -> "Reached":
        return cls(Share.of(pair.reachability), Share.of(pair.service_level), target, confidence(pair, target))


class HalfHour(msgspec.Struct, frozen=True):
    weekday: int
    """Monday = 0."""
    time: str
    calls: float
    """Expected."""
    now: int
    """Rostered, of those who serve a line that is open."""
    needed: int
    groups: list[GroupNeed]
    judged: str
    """The half-hours over which ``reached`` was judged."""
    reached: Reached

    @property
    def gap(self) -> int:
        return self.needed - self.now


class LineDay(msgspec.Struct, frozen=True):
    """A line over a whole day."""

    weekday: int
    line: LineId
    calls: float
    reached: Reached


class Unmet(msgspec.Struct, frozen=True):
    """A target that the days of the proof do not confirm."""

    weekday: int
    place: str
    """Half-hours, or a line over the whole day."""
    reached: Reached
    everybody: bool
    """All who can help are at work there already: it cannot be met with the operators that there are."""


class Staffing(msgspec.Struct, frozen=True):
    """The smallest staffing that meets the targets."""

    met: bool
    """In each half-hour and on each line, on the days of the proof."""
    confidence: float
    """The smallest one of all."""
    doubtful: int
    """In so many of them with less than 95 %."""
    days: int
    """Simulated days of each weekday, of which the search had seen none."""
    hours_now: float
    """Operator hours of those half-hours."""
    hours_needed: float
    half_hours: list[HalfHour]
    lines: list[LineDay]
    unmet: list[Unmet]


def staffing(answer: Answer) -> Staffing:
    """The answer in full."""
    half_hours = [_half_hour(answer, cell) for cell in answer.targets.lines_of]
    lines = [_line_day(answer, key) for key in answer.targets.lines]
    sure = [one.reached.confidence for one in half_hours] + [one.reached.confidence for one in lines]
    return Staffing(
        met=all(confidence >= LIKELY for confidence in sure),
        confidence=min(sure, default=1.0),
        doubtful=sum(confidence < SURE for confidence in sure),
        days=min(answer.tally.days.values()),
        hours_now=sum(one.now for one in half_hours) / 2,
        hours_needed=sum(one.needed for one in half_hours) / 2,
        half_hours=half_hours,
        lines=lines,
        unmet=[_unmet(answer, place, everybody) for place, everybody in answer.unmet.items()],
    )


def _unmet(answer: Answer, place: Place, everybody: bool) -> Unmet:
    if isinstance(place, Block):
        name, reached = _hours(place), Reached.of(answer.tally.blocks[place], answer.targets.blocks[place])
    else:
        name, reached = str(place.line), Reached.of(answer.tally.lines[place], answer.targets.lines[place])
    return Unmet(place.weekday, name, reached, everybody)


def _half_hour(answer: Answer, cell: Cell) -> HalfHour:
    weekday, slot = cell
    open_now = set(answer.targets.lines_of[cell])
    block = answer.targets.block_of[cell]
    needed, now = answer.plan[cell], answer.now.get(cell, frozenset())
    groups = [
        GroupNeed(skills, _of(now, members), _of(needed, members))
        for skills, members in answer.groups.items()
        if not open_now.isdisjoint(skills)
    ]
    return HalfHour(
        weekday=weekday,
        time=clock(slot),
        calls=sum(seen.entered for seen in answer.tally.cells[cell].values()) / answer.tally.days[weekday],
        now=sum(group.now for group in groups),
        needed=sum(group.needed for group in groups),
        groups=[group for group in groups if group.now or group.needed],
        judged=_hours(block),
        reached=Reached.of(answer.tally.blocks[block], answer.targets.blocks[block]),
    )


def _of(operators: Iterable[OperatorId], members: Iterable[OperatorId]) -> int:
    return len(set(operators).intersection(members))


def _line_day(answer: Answer, key: OfLine) -> LineDay:
    weekday, line = key
    seen = [lines[line].entered for (day, _), lines in answer.tally.cells.items() if day == weekday and line in lines]
    calls = sum(seen) / answer.tally.days[weekday]
    return LineDay(weekday, line, calls, Reached.of(answer.tally.lines[key], answer.targets.lines[key]))


# --- For people -----------------------------------------------------------------------------------------------------


def tables(found: Staffing, setup: Setup, language: str) -> Iterator[Table]:
    """By half-hour, then by line; of one weekday after the other."""
    for weekday in sorted({one.weekday for one in found.half_hours}):
        yield _half_hours(found, setup, language, weekday)
        yield _lines(found, language, weekday)


def _half_hours(found: Staffing, setup: Setup, language: str, weekday: int) -> Table:
    table = _table(HEADS[language], WEEKDAYS[language][weekday], left=(0, 5))
    for one in found.half_hours:
        if one.weekday == weekday:
            table.add_row(
                one.time,
                f"{one.calls:.1f}",
                str(one.now),
                str(one.needed),
                f"{one.gap:+}" if one.gap else "0",
                who(one.groups, setup, language),
                *_reached(one.reached),
                style="bold" if one.gap > 0 else "",
            )
    return table


def _lines(found: Staffing, language: str, weekday: int) -> Table:
    table = _table(LINE_HEADS[language], WEEKDAYS[language][weekday], left=(0,))
    for one in found.lines:
        if one.weekday == weekday:
            table.add_row(one.line, f"{one.calls:.1f}", *_reached(one.reached))
    return table


def _table(heads: Iterable[str], weekday: str, left: Iterable[int]) -> Table:
    table = Table(box=None, pad_edge=False)
    for n, head in enumerate(heads):
        text = f"{weekday} {head}" if n == 0 else head
        table.add_column(text, justify="left" if n in left else "right")
    return table


def _reached(reached: Reached) -> tuple[str, str, str]:
    shares = (reached.reachability, reached.service_level)
    texts = ["-" if share is None else f"{share.mean:.1%} ± {share.half:.1%}".replace("%", " %") for share in shares]
    return texts[0], texts[1], sure(reached.confidence)


def sure(confidence: float) -> str:
    """``97 %``; never quite a hundred."""
    return f"{min(0.99, math.floor(confidence * 100) / 100):.0%}".replace("%", " %")


def who(groups: Iterable[GroupNeed], setup: Setup, language: str) -> str:
    """``+2 gentinfo, -1 gentinfo+lez``."""
    ordered = sorted(groups, key=lambda group: (group.gap < 0, len(group.lines)))
    return ", ".join(f"{g.gap:+} {group_name(g.lines, setup, language)}" for g in ordered if g.gap)


def group_name(lines: Skills, setup: Setup, language: str) -> str:
    return _ALL[language] if len(lines) == len(setup.policy.lines) > 2 else "+".join(lines)


def conclusion(found: Staffing, language: str) -> str:
    """What the city must know of it: the hours, how certain it is, and what is not met."""
    said = f"{HOURS[language]}: {found.hours_now:g} → {found.hours_needed:g}. {proof(found, language)}"
    return "\n".join([said, *(f"  {row}" for row in unmet(found, language))])


def unmet(found: Staffing, language: str) -> Iterator[str]:
    """Each target that the proof does not confirm, and why."""
    for one in found.unmet:
        place, why = f"{WEEKDAYS[language][one.weekday]} {one.place}", _WHY[language][one.everybody]
        yield f"{place}: {_falls_short(one.reached, language)}; {why}"


_WHY: Final = {
    "nl": (
        f"er kunnen er nog bij, maar na {PROOFS} proeven is gestopt",
        "iedereen die hier kan helpen, is al aan het werk",
    ),
    "en": (
        f"there are others yet, but the search ended after {PROOFS} trials",
        "all who can help here are at work already",
    ),
    "fr": (
        f"d’autres pourraient venir, mais le calcul s’arrête après {PROOFS} essais",
        "tous ceux qui peuvent aider sont déjà au travail",
    ),
}


def proof(found: Staffing, language: str) -> str:
    """How it did on days of which the search knew nothing."""
    how, met, missed, sure_everywhere, doubt = _PROOF[language]
    said = doubt if found.doubtful else sure_everywhere
    total = len(found.half_hours) + len(found.lines)
    known = {"days": found.days, "doubtful": found.doubtful, "total": total, "least": sure(found.confidence)}
    return f"{how}: {met if found.met else missed}, {said}.".format(**known)


_PROOF: Final = {
    "nl": (
        "Getoetst op {days} dagen die de berekening niet kende",
        "overal gehaald",
        "niet overal gehaald",
        "met minstens {least} zekerheid",
        "met minder dan 95 % zekerheid op {doubtful} van {total} plaatsen, het minst met {least}",
    ),
    "en": (
        "Tried on {days} days that the search had not seen",
        "met everywhere",
        "not met everywhere",
        "with at least {least} confidence",
        "with less than 95 % confidence in {doubtful} of {total} places, the least {least}",
    ),
    "fr": (
        "Vérifié sur {days} jours que le calcul ne connaissait pas",
        "atteint partout",
        "pas atteint partout",
        "avec au moins {least} de certitude",
        "avec moins de 95 % de certitude à {doubtful} endroits sur {total}, au moins {least}",
    ),
}


def refusal(error: OutOfReach, language: str) -> str:
    """Where the targets are out of reach, and what everybody together reaches there."""
    count = len(error.setup.policy.operators)
    head = {
        "nl": f"De doelen zijn niet haalbaar, ook niet met alle {count} medewerkers de hele dag aan het werk:",
        "en": f"The targets cannot be met, not even with all {count} operators at work all day:",
        "fr": f"Les objectifs sont hors de portée, même avec les {count} agents au travail toute la journée :",
    }
    rows = [
        f"  {_place(place, language)}: {_falls_short(Reached.of(*both), language)}"
        for place, both in error.missed.items()
    ]
    return "\n".join([head[language], *rows])


def _place(place: Place, language: str) -> str:
    weekday = WEEKDAYS[language][place.weekday]
    if isinstance(place, Block):
        return f"{weekday} {_hours(place)}"
    return f"{weekday} {place.line}"


def _hours(block: Block) -> str:
    return f"{clock(block.first)}-{clock(block.last + 1)}"


def _falls_short(reached: Reached, language: str) -> str:
    names: Mapping[str, tuple[str, str]] = {
        "nl": ("bereikbaarheid", "op tijd"),
        "en": ("reachability", "in time"),
        "fr": ("joignabilité", "à temps"),
    }
    target = reached.target
    both = ((reached.reachability, target.reachability), (reached.service_level, target.service_level))
    aim = {"nl": "doel", "en": "target", "fr": "objectif"}[language]
    found = [
        f"{name} {seen.mean:.1%} ± {seen.half:.1%} ({aim} {wanted:.0%})".replace("%", " %")
        for name, (seen, wanted) in zip(names[language], both, strict=True)
        if seen is not None and seen.mean < wanted
    ]
    return ", ".join(found)


# --- For programs ---------------------------------------------------------------------------------------------------


def as_json(found: Staffing) -> bytes:
    return msgspec.json.format(msgspec.json.encode(found), indent=2)


def as_csv(found: Staffing) -> str:
    """One row for each half-hour and skill group."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["weekday", "time", "lines", "now", "needed", "gap", "calls", "confidence"])
    for one in found.half_hours:
        for group in one.groups:
            day, lines = WEEKDAYS["en"][one.weekday], "+".join(group.lines)
            sure = f"{one.reached.confidence:.3f}"
            rows.writerow([day, one.time, lines, group.now, group.needed, group.gap, f"{one.calls:.2f}", sure])
    return out.getvalue()
