"""The shape of a scenario file (``sim/scenarios/*.yaml``). Times are seconds (30) or 30s, 2m, 1h; shares are 0 to 1."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel, Field, StringConstraints

from acd.config.fields import Date, DayKey, Hours, Id, Label, LineKey, seconds, together, word
from acd.config.schema import Block
from sim.model.setup import Deferral

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_DEFERRAL: Final = Deferral()

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Factor = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Duration = Annotated[float, seconds(0, 36000)]
Positive = Annotated[float, seconds(0.01, 36000)]
HalfHour = Annotated[str, word("([01][0-9]|2[0-3]):(00|30)", "a half-hour such as 09:00 or 13:30")]
Clock = Annotated[str, word("([01][0-9]|2[0-3]):[0-5][0-9]", "a time such as 12:15")]
Month = Annotated[str, word("|".join(MONTHS), "a month: " + ", ".join(MONTHS))]
Everybody = Annotated[str, word("all", "'all', or a list of operators")]
FileName = Annotated[str, word(r"[^\x00]{1,200}", "the name of a file")]


class Named(Block):
    """A name in the languages of the city."""

    nl: Label
    en: Label = ""
    fr: Label = ""


Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class About(Block):
    """A sentence in the languages of the city."""

    nl: Sentence
    en: Sentence = ""
    fr: Sentence = ""


class Spread(Block):
    """A lognormal time."""

    mean: Positive
    spread: Annotated[float, Field(gt=0, le=10)] = 0.8
    """Standard deviation over mean."""


class Hazard(Block):
    """A Weibull time."""

    mean: Positive
    shape: Annotated[float, Field(gt=0.1, le=10)]
    """Below 1: who has waited long waits longer still."""


def _one_of(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if len(raw.keys() & Time.model_fields.keys()) != 1:
        yield (), f"needs one of: {', '.join(Time.model_fields)}"


class Time(Block):
    """A random time: exactly one of these."""

    constant: Duration | None = None
    exponential: Positive | None = None
    """Its mean."""
    lognormal: Spread | None = None
    weibull: Hazard | None = None
    values: Annotated[list[Duration], Field(min_length=1, max_length=100_000)] | None = None
    """Measured times; one is drawn for each call."""


OneTime = Annotated[Time, together(_one_of)]
Profile = dict[HalfHour, Factor]
"""Weight of the half-hours from this one on, until the next that is named."""


class CallerBlock(Block):
    """What callers are like; of one line, or of all that say nothing else."""

    profile: Profile | None = None
    talk: OneTime | None = None
    """None = lognormal, with the ``handle_time`` of the line less its ``wrap_up`` as mean."""
    patience: OneTime | None = None
    menu: OneTime | None = None


class LineBlock(CallerBlock):
    calls_per_day: Annotated[float, Field(ge=0, le=100_000)] | None = None
    """Instead of that of the city's file."""
    factor: Factor = 1.0
    """So many times the usual calls."""


Database = Annotated[str, word(r"(sqlite|postgresql)://[^\x00\s]{1,500}", "an address such as sqlite:///acd.db")]


class RecordsBlock(Block):
    """A day from the product's own records, which are only read."""

    database: Database
    """As ACD_DATABASE has it; a relative file counts from the current folder."""
    day: Date | None = None
    """The first day to replay; None = ``first_day`` itself."""


def _in_order(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(raw.get("first"), date) and isinstance(raw.get("last"), date) and raw["last"] < raw["first"]:
        yield ("last",), "is before 'first'"


class MeasuredBlock(Block):
    """Talk times and patience of each line as recorded on these days, where nothing else is said."""

    database: Database
    first: Date
    last: Date


class CallsBlock(Block):
    total: Annotated[float, Field(gt=0, le=10_000_000)] | None = None
    """Expected calls over all days: everything is scaled to it. None = the ``calls_per_day`` of the lines."""
    factor: Factor = 1.0
    weekdays: dict[DayKey, Factor] = Field(default_factory=dict)
    months: dict[Month, Factor] = Field(default_factory=dict)
    day_shape: Annotated[float, Field(gt=0, le=100_000)] | None = None
    """How much days differ by chance: one gamma factor a day of this shape; its spread is 1 / sqrt(shape)."""
    redial: Share = 0.0
    """Share of those who gave up who call again the same day."""
    redial_after: OneTime | None = None
    redials: Annotated[int, Field(ge=0, le=20)] = 3
    recorded: FileName | None = None
    """Replay this CSV instead: day, time, line, and if known menu, talk, patience, outlasted in seconds."""
    records: RecordsBlock | None = None
    """Replay days of the product's own records instead."""


def _one_source(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if "recorded" in raw and "records" in raw:
        yield ("records",), "cannot stand beside 'recorded': replay the one or the other"


class BreakBlock(Block):
    at: Clock
    lasts: Positive
    reason: Id = "pauze"


class ShiftBlock(Block):
    operators: Everybody | Annotated[list[Id], Field(min_length=1)]
    hours: Hours
    """Days and hours: ``mon-fri: 09:00-17:00``."""
    breaks: list[BreakBlock] = Field(default_factory=list)
    stagger: Duration = 0.0
    """Each next operator takes his breaks so much later ..."""
    groups: Annotated[int, Field(ge=1, le=20)] = 1
    """... in so many turns, so that not everybody is away at once."""


class StaffBlock(Block):
    shifts: Annotated[list[ShiftBlock], Field(min_length=1)]
    ill: Share = 0.0
    """Share of all operators who are away."""
    no_show: Share = 0.0
    """Chance that an operator does not come."""
    pauses_per_hour: Annotated[float, Field(ge=0, le=10)] = 0.0
    pause: OneTime | None = None
    pause_reason: Id = "pauze"
    stays: Duration = 900.0
    """How long an operator stays after his shift while callers of his lines still wait."""
    speed: dict[Id, Annotated[float, Field(ge=0.2, le=5)]] = Field(default_factory=dict)
    """Factor on the talk time of an operator."""


class PhonesBlock(Block):
    answer: OneTime | None = None
    """From ringing to the answer."""
    no_answer: Share = 0.0
    """Chance that an operator lets it ring."""
    notice: Duration = 60.0
    """After a missed ring, until he says that he is there."""
    partner_answer: OneTime | None = None
    partner_answers: Share = 1.0


class CallbackBlock(Block):
    """What citizens do with the offer to be called back. The offer itself is the city's: see its file."""

    accept: Share = _DEFERRAL.accept
    """Share of those who hear it who accept."""
    soon: Share = _DEFERRAL.soon
    """Share of these who want the call as soon as it is calm."""
    refusal: Duration = _DEFERRAL.refusal
    """From the begin of the offer to a no."""
    dialogue: Duration = _DEFERRAL.dialogue
    """From the begin of the offer to the acceptance."""
    picks_up: Share = _DEFERRAL.picks_up
    """Chance that he answers our call."""
    engaged: Share = _DEFERRAL.engaged
    """Chance that his phone is busy."""
    rings: OneTime | None = None


class SpecialBlock(Block):
    """A day unlike the others."""

    calls: Factor = 1.0
    """So many times the calls."""
    ill: Share | None = None
    """Share of all operators who are away, instead of the usual one."""


class ScenarioBlock(Block):
    title: Named
    about: About | None = None
    city: FileName
    """The ``queues.yaml`` of the city, beside this file."""
    first_day: Date
    days: Annotated[int, Field(ge=1, le=1000)] = 1
    cool_down: Annotated[int, Field(ge=0, le=30)] = 0
    """Days after these whose calls are not counted: promises of the days before fall due in them."""
    replications: Annotated[int, Field(ge=1, le=10_000)] = 30
    seed: Annotated[int, Field(ge=0, le=10**9)] = 1
    calls: Annotated[CallsBlock, together(_one_source)] = CallsBlock()
    measured: Annotated[MeasuredBlock, together(_in_order)] | None = None
    callers: CallerBlock = CallerBlock()
    lines: dict[LineKey, LineBlock] = Field(default_factory=dict)
    staff: StaffBlock
    phones: PhonesBlock = PhonesBlock()
    callbacks: CallbackBlock | None = None
    """None = nobody is offered to be called back, whatever the city's file says."""
    special: dict[Date, SpecialBlock] = Field(default_factory=dict)
    """By date."""


def keys_at(path: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand beside the last one of ``path``; empty where ids stand."""
    block: Any = ScenarioBlock
    for part in path[:-1]:
        block = _inside(block, part)
    return list(block.model_fields) if _is_block(block) else []


def _inside(block: Any, part: str | int) -> Any:
    if _is_block(block):
        field = block.model_fields.get(str(part))
        kinds = [field.annotation] if field else [None]
    else:
        kinds = list(get_args(block)[-1:]) or [None]
    kind = kinds[0]
    while get_origin(kind) is Annotated or _optional(kind):
        kind = get_args(kind)[0]
    return kind


def _optional(kind: Any) -> bool:
    return type(None) in get_args(kind)


def _is_block(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
