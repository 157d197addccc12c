"""A scenario file -> a :class:`~sim.model.setup.Setup`, or every fault of the file with its line."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from acd.config import City, ConfigError, Fault, load
from acd.config.faults import Path as Place
from acd.config.faults import did_you_mean, message
from acd.config.fields import days
from acd.config.source import UNREADABLE, Source
from acd.config.syntax import MAX_BYTES
from acd.model.ids import OperatorId
from acd.model.policy import Line
from acd.records import DatabaseUnusable
from sim.model.demand import expected_calls
from sim.model.draws import AT_ONCE, Constant, Draw, Empirical, Exponential, Lognormal, Weibull
from sim.model.setup import (
    PARTNER_RINGS,
    PICKS_UP,
    SECOND_THOUGHTS,
    SHORT_PAUSE,
    SLOTS,
    Behaviour,
    Break,
    Deferral,
    Demand,
    LineDemand,
    Recorded,
    Setup,
    Shift,
    Special,
    Staff,
)
from sim.recorded import BadDay, Experience, from_csv, patience, read_days, replayed, talks
from sim.scenario_file import MONTHS, CallbackBlock, CallerBlock, LineBlock, ScenarioBlock, ShiftBlock, Time, keys_at

FOLDER: Final = Path(__file__).parent / "scenarios"
USUAL_PROFILE: Final = {"00:00": 1.0, "07:00": 3.0, "09:00": 9.0, "10:00": 10.0, "11:30": 8.0, "12:00": 6.0,
                        "13:00": 7.0, "13:30": 9.0, "15:30": 7.0, "16:30": 5.0, "17:00": 3.0, "20:00": 1.0}  # fmt: skip
"""A working day of a city: busiest from 9 to half past 11, a dip at noon."""
USUAL_PATIENCE: Final = Exponential(180.0)
TALK_SPREAD: Final = 0.8


@dataclass(frozen=True)
class Scenario:
    """What a file describes."""

    file: str
    title: Mapping[str, str]
    about: Mapping[str, str]
    setup: Setup
    replications: int
    seed: int


def shipped() -> dict[str, Path]:
    """The scenarios that come with the simulator, by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml")) if not path.stem.startswith("city_")}


def find(name: str) -> Path:
    """The file of a scenario: one of those shipped, or a path.

    Raises:
        ConfigError: there is no such scenario.
    """
    known = shipped()
    if name in known:
        return known[name]
    path = Path(name)
    if path.exists():
        return path
    raise ConfigError([Fault(name, 1, "", f"no such scenario{did_you_mean(name, known)} (known: {', '.join(known)})")])


def read(path: str | os.PathLike[str]) -> Scenario:
    """Read a scenario and the city that it names.

    Raises:
        ConfigError: one of the files cannot be read or has faults; all of them.
    """
    file = Path(path)
    source = Source(_content(file), str(file))
    if source.data is UNREADABLE:
        raise ConfigError(source.faults)
    block = _validated(source)
    if block is None or source.faults:
        raise ConfigError(source.faults)
    city = load(file.parent / block.city)
    _check(block, city, source)
    recorded = _recorded(file.parent / block.calls.recorded, city, block.days) if block.calls.recorded else None
    if source.faults:
        raise ConfigError(source.faults)
    setup = _setup(block, city, recorded)
    try:
        setup = _measured(setup, block)
        if block.calls.records is not None:
            setup, _ = replay(setup, block.calls.records.database, block.calls.records.day or block.first_day)
    except (DatabaseUnusable, BadDay) as error:
        raise ConfigError([Fault(str(file), 1, "", str(error))]) from error
    about = {} if block.about is None else _names(block.about.nl, block.about.en, block.about.fr)
    title = _names(block.title.nl, block.title.en, block.title.fr)
    return Scenario(str(file), title, about, setup, block.replications, block.seed)


def _names(nl: str, en: str, fr: str) -> dict[str, str]:
    return {"nl": nl, "en": en or nl, "fr": fr or nl}


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([Fault(str(file), 1, "", f"cannot be read: {error.strerror}")]) from error


def _validated(source: Source) -> ScenarioBlock | None:
    try:
        return ScenarioBlock.model_validate(source.data)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            place: Place = tuple(part for part in error["loc"] if isinstance(part, int) or "[" not in part)
            place = place[:-1] if place and not source.has(place) and error["type"] != "missing" else place
            if error["input"] is not UNREADABLE and not source.unreadable(place):
                source.fault(place, message(error, keys_at(place)))
    return None


def _check(block: ScenarioBlock, city: City, source: Source) -> None:
    """What must fit together with the city, and with the days that are simulated."""
    for day in block.special.keys() - _dates(block):
        source.fault(("special", str(day)), "is not one of the simulated days")
    for id in block.lines:
        if id not in city.lines:
            source.fault(("lines", id), "the city has no such line" + did_you_mean(id, city.lines))
    operators = city.policy.operators
    for n, shift in enumerate(block.staff.shifts):
        for k, id in enumerate(shift.operators if isinstance(shift.operators, list) else ()):
            if id not in operators:
                place = ("staff", "shifts", n, "operators", k)
                source.fault(place, f"'{id}' is no operator of the city" + did_you_mean(id, operators))
        for k, pause in enumerate(shift.breaks):
            _check_reason(("staff", "shifts", n, "breaks", k, "reason"), pause.reason, city, source)
    for id in block.staff.speed:
        if id not in operators:
            source.fault(("staff", "speed", id), "is no operator of the city" + did_you_mean(id, operators))
    _check_reason(("staff", "pause_reason"), block.staff.pause_reason, city, source)


def _dates(block: ScenarioBlock) -> set[date]:
    return {block.first_day + timedelta(n) for n in range(block.days)}


def _check_reason(place: Place, reason: str, city: City, source: Source) -> None:
    if reason not in city.reasons:
        source.fault(place, f"'{reason}' is no reason of the city" + did_you_mean(reason, city.reasons))


# --- Building -------------------------------------------------------------------------------------------------------


def _setup(block: ScenarioBlock, city: City, recorded: tuple[Recorded, ...] | None) -> Setup:
    calls, phones = block.calls, block.phones
    demand = Demand(
        lines={id: _line_demand(block, line) for id, line in city.policy.lines.items()},
        weekdays=_by_day(calls.weekdays),
        months=tuple(calls.months.get(month, 1.0) for month in MONTHS),
        day_shape=calls.day_shape,
        redial=calls.redial,
        redial_after=_draw(calls.redial_after, SECOND_THOUGHTS),
        redials=calls.redials,
        recorded=recorded,
    )
    behaviour = Behaviour(
        answer=_draw(phones.answer, Exponential(4.0)),
        no_answer=phones.no_answer,
        notice=phones.notice,
        speed={OperatorId(id): factor for id, factor in block.staff.speed.items()},
        partner_answer=_draw(phones.partner_answer, PARTNER_RINGS),
        partner_answers=phones.partner_answers,
    )
    setup = Setup(
        policy=city.policy,
        demand=demand,
        staff=_staff(block, city),
        behaviour=behaviour,
        city=city,
        deferral=_deferral(block.callbacks),
        special={
            (day - block.first_day).days: Special(calls=of.calls, ill=of.ill) for day, of in block.special.items()
        },
        first_day=block.first_day,
        days=block.days + block.cool_down,
        cool_down=block.cool_down,
    )
    replayed = calls.recorded is not None or calls.records is not None
    return setup if calls.total is None or replayed else _to_total(setup, calls.total)


def _deferral(block: CallbackBlock | None) -> Deferral | None:
    if block is None:
        return None
    return Deferral(
        accept=block.accept,
        soon=block.soon,
        refusal=block.refusal,
        dialogue=block.dialogue,
        picks_up=block.picks_up,
        engaged=block.engaged,
        rings=_draw(block.rings, PICKS_UP),
    )


def _to_total(setup: Setup, total: float) -> Setup:
    """Scale all lines alike, so that so many calls are to be expected."""
    factor = total / expected_calls(setup)
    lines = {id: replace(line, calls_per_day=line.calls_per_day * factor) for id, line in setup.demand.lines.items()}
    return replace(setup, demand=replace(setup.demand, lines=lines))


def _line_demand(block: ScenarioBlock, line: Line) -> LineDemand:
    own, usual = block.lines.get(line.id, LineBlock()), block.callers
    per_day = line.calls_per_day if own.calls_per_day is None else own.calls_per_day
    talk = Lognormal(max(1.0, line.handle_time - line.wrap_up), TALK_SPREAD)
    return LineDemand(
        calls_per_day=per_day * own.factor * block.calls.factor,
        profile=_profile(own, usual),
        talk=_draw(own.talk or usual.talk, talk),
        patience=_draw(own.patience or usual.patience, USUAL_PATIENCE),
        menu=_draw(own.menu or usual.menu, AT_ONCE),
    )


def _profile(*blocks: CallerBlock) -> tuple[float, ...]:
    """A weight for each half-hour: each holds until the next that is named."""
    named = next((block.profile for block in blocks if block.profile), USUAL_PROFILE)
    weights, weight = [], 0.0
    for slot in range(SLOTS):
        weight = named.get(f"{slot // 2:02}:{slot % 2 * 30:02}", weight)
        weights.append(weight)
    return tuple(weights)


def _draw(block: Time | None, usual: Draw) -> Draw:
    match block:
        case None:
            return usual
        case Time(constant=float(mean)):
            return Constant(mean)
        case Time(exponential=float(mean)):
            return Exponential(mean)
        case Time(lognormal=spread) if spread is not None:
            return Lognormal(spread.mean, spread.spread)
        case Time(weibull=hazard) if hazard is not None:
            return Weibull(hazard.mean, hazard.shape)
        case _:
            assert block.values is not None
            return Empirical(tuple(block.values))


def _by_day(factors: Mapping[str, float]) -> tuple[float, ...]:
    found = [1.0] * 7
    for key, factor in factors.items():
        for day in days(key):
            found[day] = factor
    return tuple(found)


def _staff(block: ScenarioBlock, city: City) -> Staff:
    staff = block.staff
    return Staff(
        shifts=tuple(shift for given in staff.shifts for shift in _shifts(given, city)),
        ill=staff.ill,
        no_show=staff.no_show,
        pauses_per_hour=staff.pauses_per_hour,
        pause=_draw(staff.pause, SHORT_PAUSE),
        pause_reason=staff.pause_reason,
        stays=staff.stays,
    )


def _shifts(block: ShiftBlock, city: City) -> Iterator[Shift]:
    """One for each group that takes its breaks together, and each interval of the day."""
    named = block.operators if isinstance(block.operators, list) else list(city.policy.operators)
    for turn in range(block.groups):
        group = tuple(OperatorId(id) for id in named[turn :: block.groups])
        for key, intervals in block.hours.items():
            for hours in intervals:
                start, end = hours.start * 60.0, hours.end * 60.0
                pauses = [
                    Break(_clock(pause.at) + turn * block.stagger, pause.lasts, pause.reason) for pause in block.breaks
                ]
                within = tuple(pause for pause in pauses if start <= pause.start < end)
                if group:
                    yield Shift(operators=group, weekdays=tuple(days(key)), start=start, end=end, breaks=within)


def _clock(text: str) -> float:
    hours, minutes = text.split(":")
    return int(hours) * 3600.0 + int(minutes) * 60.0


# --- Days that were -------------------------------------------------------------------------------------------------


def _recorded(file: Path, city: City, days: int) -> tuple[Recorded, ...]:
    try:
        return from_csv(_content(file).decode("utf-8-sig"), city, days)
    except UnicodeDecodeError:
        raise ConfigError([Fault(str(file), 1, "", "is not UTF-8 text")]) from None
    except BadDay as bad:
        raise ConfigError([Fault(str(file), row, "", says) for row, says in bad.faults]) from None


def replay(setup: Setup, database: str, day: date) -> tuple[Setup, list[Experience]]:
    """The setup with the calls that were recorded from that day on, and what became of them then.

    Raises:
        DatabaseUnusable: the records cannot be read.
        BadDay: no call was recorded, or one on a line that the city does not have.
    """
    calls = read_days(database, day, day + timedelta(setup.days - 1))
    if not calls:
        raise BadDay([(0, f"no call that chose a line was recorded on {day}")])
    if unknown := {call.line for call in calls} - setup.policy.lines.keys():
        says = f"calls were recorded on {', '.join(sorted(unknown))}, which the city does not have"
        raise BadDay([(0, says)])
    demand = replace(setup.demand, recorded=replayed(calls, day))
    return replace(setup, demand=demand), calls


def _measured(setup: Setup, block: ScenarioBlock) -> Setup:
    """Callers who are like those on the days that were measured, but for what the scenario says itself."""
    given = block.measured
    if given is None:
        return setup
    calls = read_days(given.database, given.first, given.last)
    lines = {}
    for id, line in setup.demand.lines.items():
        own, usual = block.lines.get(id, LineBlock()), block.callers
        talk = None if own.talk or usual.talk else talks(calls, id)
        tired = None if own.patience or usual.patience else patience(calls, id)
        lines[id] = replace(line, talk=talk or line.talk, patience=tired or line.patience)
    return replace(setup, demand=replace(setup.demand, lines=lines))
