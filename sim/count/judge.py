"""Three accounts of the same calls, laid side by side call by call. Whatever they disagree on is a difference.

Our own account is read by plain SQL from the tables and views that anybody may read. SIPp tells what the caller lived
through, Asterisk's call detail records what the switch did; neither knows anything of the engine.
"""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sim.count.witnesses import Detailed, Heard

_ROUNDING: Final = 1e-3
NEAR: Final = 2.5
"""Seconds. What happened at one moment is written down by three clocks' readers on one busy machine; Asterisk's records
have whole seconds."""

CROSSING: Final = 0.4
"""Seconds. An answer of that moment may have died with the switch."""

_OURS: Final = """
SELECT c."call", n.number, c.arrived_at,
       (SELECT MIN(w.began_at) FROM wait w WHERE w."call" = c."call") AS entered_at,
       c.ended_at, c.repaired_at IS NOT NULL AS repaired, o.outcome, o.line, o.waited,
       (SELECT COUNT(*) FROM outcome x WHERE x."call" = c."call") AS outcomes
FROM "call" c LEFT JOIN outcome o ON o."call" = c."call" LEFT JOIN caller n ON n."call" = c."call"
"""
_TALKS: Final = 'SELECT "call", operator, began_at, ended_at FROM talk WHERE "call" IS NOT NULL ORDER BY began_at, seq'
_CALLED_BACK: Final = 'SELECT ended_at - began_at FROM talk WHERE "call" IS NULL AND ended_at IS NOT NULL'
_SCORES: Final = 'SELECT "call", score FROM survey_answer ORDER BY seq'
_GAPS: Final = "SELECT COALESCE(began_at, 0), COALESCE(ended_at, 4e9) FROM gap ORDER BY seq"
_FIGURES: Final = """
SELECT SUM(offered), SUM(answered), SUM(abandoned), SUM(callback_accepted),
       SUM(overflow_answered), SUM(overflow_lost), SUM(closed), SUM(left_menu), SUM(informed), SUM(refused),
       SUM(switch_failure), SUM(undecided) FROM report_day
"""
FIGURE_NAMES: Final = (
    *("offered", "answered", "abandoned", "callback_accepted", "overflow_answered", "overflow_lost", "closed"),
    *("left_menu", "informed", "refused", "switch_failure", "undecided"),
)
"""Counts of calls, by their names in the view; the report has the same."""
REPORTED: Final = (*FIGURE_NAMES, "abandoned_short", "reachability", "asa", "mean_talk")
"""What the report is asked."""
Reported = Mapping[str, tuple[float, float]]
"""What stands above the line of a figure and below it; of ``scores`` their sum and their number."""


@dataclass
class Ours:
    """One call in our records."""

    call: str
    number: str | None
    arrived: float
    entered: float | None
    """Joined the first line of his."""
    ended: float | None
    repaired: bool
    outcome: str | None
    line: str | None
    waited: float | None
    outcomes: int
    talks: list[tuple[str | None, float, float | None]] = field(default_factory=list)
    """Operator, begin, end."""


@dataclass
class Records:
    calls: dict[str, Ours]
    gaps: list[tuple[float, float]]
    figures: dict[str, int]
    """By the view that anybody may read."""
    reported: Reported
    """By the product's own report."""
    scores: list[tuple[str, int]]
    """Call, and what the caller gave."""
    called_back: list[float]
    """Seconds of each talk of a call back: figures of talks count them too."""


def read_records(database: Path, reported: Reported) -> Records:
    """A SQLite database of ours, and the figures that its own report tells of all that time."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        calls = {row[0]: Ours(*row) for row in connection.execute(_OURS)}
        for call, *talk in connection.execute(_TALKS):
            calls[call].talks.append((talk[0], talk[1], talk[2]))
        gaps = [(began, ended) for began, ended in connection.execute(_GAPS)]
        figures = connection.execute(_FIGURES).fetchone()
        scores = [(call, score) for call, score in connection.execute(_SCORES)]
        called_back = [seconds for (seconds,) in connection.execute(_CALLED_BACK)]
    counts = {name: int(n or 0) for name, n in zip(FIGURE_NAMES, figures, strict=True)}
    return Records(calls, gaps, counts, reported, scores, called_back)


@dataclass(frozen=True)
class Plan:
    """What a caller set out to do; what came of it the witnesses say."""

    outcomes: frozenset[str]
    """Of whoever spoke with nobody, and of nobody's making but his own."""
    line: str | None = None
    """None = whichever."""
    score: int | None = None
    """What he gives if he is asked; None = nothing."""


@dataclass(frozen=True)
class Setting:
    devices: Mapping[str, str]
    """Operator -> phone."""
    partners: frozenset[str]
    """What SIPp calls the partners' phones."""
    trunk: str
    """What Asterisk calls the way to it."""
    short_abandon: float
    plans: Mapping[str, Plan]
    """By the caller's number."""
    died_at: float = float("inf")
    """Asterisk died, with whoever was on the line; of them it could write nothing down."""


@dataclass(frozen=True)
class Difference:
    number: str
    what: str
    in_gap: bool = False

    def __str__(self) -> str:
        return f"{self.number}: {self.what}{' (in a marked gap)' if self.in_gap else ''}"


@dataclass
class Verdict:
    calls: int
    outcomes: dict[str, int]
    repaired: int
    gaps: int
    differences: list[Difference]

    @property
    def unexplained(self) -> list[Difference]:
        return [one for one in self.differences if not one.in_gap]


def judge(heard: Mapping[str, Heard], detailed: Mapping[str, Detailed], records: Records, setting: Setting) -> Verdict:
    """Every difference between the three; those of calls that lasted into a gap are marked as such."""
    # Whom only Asterisk has seen has no number in our records: its own id of the call tells who he is.
    ours = {_number_of(call, detailed): call for call in records.calls.values()}
    by_number = {call.number: call for call in detailed.values()}
    found: list[Difference] = []
    for number in sorted(setting.plans.keys() | heard.keys() | by_number.keys() | ours.keys()):
        call = ours.get(number)
        blind = call is not None and _blind(call, records.gaps)
        about = [*_about(number, heard.get(number), by_number.get(number), call, setting)]
        about += [] if call is None else _scores(heard.get(number), call, setting.plans.get(number), records)
        found += [Difference(number, what, blind) for what in about]
    found += [Difference("all", what) for what in _sums(ours, records, setting)]
    if len(by_number) != len(detailed):
        found.append(Difference("all", f"Asterisk has {len(detailed)} calls of {len(by_number)} callers"))
    outcomes: dict[str, int] = {}
    for call in ours.values():
        outcomes[call.outcome or "none"] = outcomes.get(call.outcome or "none", 0) + 1
    repaired = sum(call.repaired for call in ours.values())
    return Verdict(len(ours), outcomes, repaired, len(records.gaps), found)


def _number_of(call: Ours, detailed: Mapping[str, Detailed]) -> str:
    known = detailed.get(call.call)
    return call.number or (call.call if known is None else known.number)


def _blind(call: Ours, gaps: Sequence[tuple[float, float]]) -> bool:
    ended = call.arrived if call.ended is None else call.ended
    return any(began < ended and call.arrived < until for began, until in gaps)


def _about(
    number: str, heard: Heard | None, detailed: Detailed | None, ours: Ours | None, setting: Setting
) -> Iterator[str]:
    """What the three do not agree on of one caller."""
    if heard is not None and ours is not None and number in setting.plans and _cut_off(heard, setting):
        yield from _about_cut_off(heard, detailed, ours, setting)
        return
    accounts = {"SIPp": heard, "Asterisk": detailed, "our records": ours}
    missing = [name for name, account in accounts.items() if account is None]
    if heard is None or detailed is None or ours is None or number not in setting.plans:
        yield f"unknown to {', '.join(missing) or 'the plan'}"
        return
    if ours.call != detailed.uniqueid:
        yield f"Asterisk's call {detailed.uniqueid} is {ours.call} in our records"
    if ours.outcomes != 1:
        yield f"{ours.outcomes} outcomes"
    yield from _outcome(heard, ours, setting)
    yield from _talks(heard, detailed, ours, setting)
    yield from _moments(heard, detailed, ours)


def _cut_off(heard: Heard, setting: Setting) -> bool:
    return heard.up is not None and heard.up < setting.died_at and heard.ended is None


def _about_cut_off(heard: Heard, detailed: Detailed | None, ours: Ours, setting: Setting) -> Iterator[str]:
    """Asterisk took his call along: he was answered, or lost by the switch's fault."""
    if detailed is not None:
        yield "Asterisk wrote down a call with which it died"
    if ours.outcomes != 1:
        yield f"{ours.outcomes} outcomes"
    just_now = any(at > setting.died_at - CROSSING for _, at in heard.talks)
    allowed = {"answered"} if heard.talks else {"switch_failure"}
    if ours.outcome not in allowed | ({"switch_failure"} if just_now else set()):
        yield f"Asterisk died, and SIPp saw {' or '.join(sorted(allowed))}, our records say {ours.outcome}"
    if ours.ended is None or abs(ours.ended - setting.died_at) > NEAR:
        yield f"Asterisk died at {setting.died_at:.1f}, our records end at {ours.ended}"
    spoke = [device for device, _ in heard.talks]
    by_us = [setting.devices.get(operator or "", operator) for operator, _, _ in ours.talks]
    if spoke != by_us and not just_now:
        yield f"spoke with {spoke} says SIPp, with {by_us} say our records"
    for _, _, ended in ours.talks:
        if ended is None or abs(ended - setting.died_at) > NEAR:
            yield f"he spoke as Asterisk died at {setting.died_at:.1f}, until {ended} say our records"


def _outcome(heard: Heard, ours: Ours, setting: Setting) -> Iterator[str]:
    plan = setting.plans[heard.number]
    allowed = _allowed(heard, ours, plan, setting)
    if ours.outcome not in allowed:
        yield f"SIPp saw {' or '.join(sorted(allowed))}, our records say {ours.outcome}"
    if plan.line is not None and ours.line not in (None, plan.line):
        yield f"he asked for {plan.line}, our records say {ours.line}"


def _allowed(heard: Heard, ours: Ours, plan: Plan, setting: Setting) -> set[str]:
    """What his one outcome may be, by what the phones lived through."""
    operators = [device for device, _ in heard.talks if device not in setting.partners]
    if operators:
        return {"answered"}
    if heard.talks:
        return {"overflow_answered"}
    at_partner = any(device in setting.partners for device, _ in heard.rings)
    lost = {"overflow_lost"} if at_partner else set()
    if not heard.himself:
        return set(plan.outcomes) - {"abandoned", "left_menu"} | lost
    allowed = set(plan.outcomes) & {"abandoned", "left_menu"} | lost
    if {"abandoned", "left_menu"} <= allowed:
        allowed -= {"abandoned"} if ours.entered is None else {"left_menu"}
    if "abandoned" in allowed and heard.ended is not None and ours.entered is not None:
        # Within the clocks' readers' margin of the limit either is right.
        waited = heard.ended - ours.entered
        allowed |= {"abandoned_short"} if waited < setting.short_abandon + NEAR else set()
        allowed -= {"abandoned"} if waited < setting.short_abandon - NEAR else set()
    return allowed


def _talks(heard: Heard, detailed: Detailed, ours: Ours, setting: Setting) -> Iterator[str]:
    by_sipp = [device for device, _ in heard.talks]
    # Behind the trunk Asterisk cannot tell one from another.
    behind = [setting.trunk if device in setting.partners else device for device in by_sipp]
    by_asterisk = detailed.talks
    if behind != by_asterisk:
        yield f"answered by {by_sipp} says SIPp, by {by_asterisk} says Asterisk"
    spoke = [(device, at) for device, at in heard.talks if device not in setting.partners]
    by_us = [setting.devices.get(operator or "", operator) for operator, _, _ in ours.talks]
    if [device for device, _ in spoke] != by_us:
        yield f"spoke with {[device for device, _ in spoke]} says SIPp, with {by_us} say our records"
        return
    for (device, at), (_, began, ended) in zip(spoke, ours.talks, strict=True):
        if abs(at - began) > NEAR:
            yield f"{device} answered at {at:.1f} says SIPp, at {began:.1f} say our records"
        over = heard.end_of(device, at)
        if over is not None and (ended is None or abs(over - ended) > NEAR):
            yield f"spoke with {device} until {over:.1f} says SIPp, until {ended} say our records"


def _scores(heard: Heard | None, ours: Ours, plan: Plan | None, records: Records) -> Iterator[str]:
    """A score is that of somebody who spoke with an operator and pressed this key; nobody gives two."""
    given = [score for call, score in records.scores if call == ours.call]
    may = [plan.score] if plan is not None and plan.score is not None and heard is not None and heard.talks else []
    if given and given != may:
        yield f"he gave {may or 'no score'}, our records say {given}"


def _moments(heard: Heard, detailed: Detailed, ours: Ours) -> Iterator[str]:
    if heard.ended is None or ours.ended is None or heard.up is None:
        yield f"SIPp saw {heard.up} to {heard.ended}, our records end at {ours.ended}"
        return
    for what, sipp, asterisk, we in (
        ("arrived", heard.up, detailed.started, ours.arrived),
        ("ended", heard.ended, detailed.ended, ours.ended),
    ):
        # Asterisk cuts the second off.
        if abs(sipp - we) > NEAR or not -NEAR <= we - asterisk <= NEAR + 1:
            yield f"{what} at {sipp:.1f} says SIPp, {asterisk:.0f} says Asterisk, {we:.1f} say our records"
    if heard.talks and ours.waited is not None and ours.entered is not None:
        waited = heard.talks[0][1] - ours.entered
        if abs(waited - ours.waited) > NEAR:
            yield f"waited {waited:.1f} s by SIPp, {ours.waited:.1f} s by our records"


def _sums(ours: Mapping[str, Ours], records: Records, setting: Setting) -> Iterator[str]:
    """The figures that people read are the sums of these very calls."""
    counted: dict[str, int] = dict.fromkeys(FIGURE_NAMES, 0) | {"offered": len(ours)}
    for call in ours.values():
        name = "abandoned" if call.outcome == "abandoned_short" else call.outcome or "undecided"
        counted[name] = counted.get(name, 0) + 1
    for name, n in counted.items():
        if records.figures.get(name) != n:
            yield f"the figure {name} says {records.figures.get(name)}, the calls are {n}"
        if records.reported[name][1] != n:
            yield f"the report's {name} says {records.reported[name][1]:.0f}, the calls are {n}"
    for name, expected in _figures(ours.values(), records, setting).items():
        told = records.reported[name]
        if max(abs(one - other) for one, other in zip(told, expected, strict=True)) > _ROUNDING:
            yield f"the report's {name} is of {told}, the calls make it {expected}"
    if len(records.calls) != len(ours):
        yield f"{len(records.calls)} calls in our records are of {len(ours)} callers"


def _figures(calls: Collection[Ours], records: Records, setting: Setting) -> dict[str, tuple[float, float]]:
    """What these calls make of the figures, by their formulas: above the line and below it."""
    answered = [call.waited or 0.0 for call in calls if call.outcome == "answered"]
    left = [call.waited or 0.0 for call in calls if call.outcome in ("abandoned", "abandoned_short")]
    talks = [ended - began for call in calls for _, began, ended in call.talks if ended is not None]
    talks += records.called_back
    short = sum(waited < setting.short_abandon for waited in left)
    return {
        "reachability": (len(answered), len(answered) + len(left)),
        "abandoned_short": (short, short),
        "asa": (sum(answered), len(answered)),
        "mean_talk": (sum(talks), len(talks)),
        "scores": (sum(score for _, score in records.scores), len(records.scores)),
    }
