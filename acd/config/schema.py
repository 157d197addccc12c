"""The shape of ``queues.yaml``: one set of pydantic models checks the file and makes the JSON Schema for editors.

Names, units and defaults are those of :mod:`acd.model.policy`.
"""

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from acd.config.city import CallbackTerms, Supervision, Threshold, Thresholds
from acd.config.fields import (
    Date,
    DayHours,
    DayList,
    Destination,
    DeviceName,
    Did,
    Hours,
    Id,
    Label,
    LineKey,
    NumberPrefix,
    OrNever,
    PromptId,
    RosterFile,
    ShortNumber,
    ShownNumber,
    YearDay,
    callback_times,
    closing_day,
    falling,
    one_of,
    rising,
    seconds,
    shift_breaks,
    together,
    whole_days,
)
from acd.config.mailing import MAIL_LANGUAGE, MailAddress, MailHost, MailUser, Moment, mail_parts
from acd.config.openness import EnvironmentName, HookUrl, ScreenPop, SecretFile, hook_parts
from acd.model.hook import NewsKind
from acd.model.mailing import Attach, Cadence, Content, Security
from acd.model.outside import Outside
from acd.model.policy import (
    Announcements,
    CallbackRule,
    DeskRule,
    Line,
    OfferRule,
    OfferRules,
    OperatorRule,
    OverflowTo,
    PhoneKind,
    Policy,
    QueueRule,
    Routing,
)

SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def _defaults(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: field.default for field in msgspec.structs.fields(struct)}


_LINE: Final = _defaults(Line)
_ANNOUNCE: Final = _defaults(Announcements)
_ROUTING: Final = _defaults(Routing)
_OFFERS: Final = _defaults(OfferRules)
_DESK: Final = _defaults(DeskRule)
_POLICY: Final = _defaults(Policy)
_SHOWN: Final = _defaults(Thresholds)
_RULE: Final = _defaults(CallbackRule)
_OUTSIDE: Final = _defaults(Outside)
_TERMS: Final = _defaults(CallbackTerms)

PRESETS: Final[Mapping[str, Mapping[str, float]]] = {
    "1700": {"after": 150.0, "working_days": 2},
    "charter": {"after": 150.0, "working_days": 1},
}
"""What a preset of the callback sets. Flanders' 1700: an offer past 150 s, called back within two working days. The
Belgian charter for customer service: past 2.5 minutes from the last menu choice, before the end of the next one."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Overflow = Annotated[OverflowTo, Field(strict=False)]


USUAL_PRESET: Final = "1700"


class Block(BaseModel):
    """A block of the file. Nothing is guessed: an unknown key is a fault, and so is text where a number belongs."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


class NamesBlock(Block):
    """A name in the languages of the city."""

    nl: Label
    """Dutch."""
    en: Label = ""
    """English; the Dutch name when left out."""
    fr: Label = ""
    """French; the Dutch name when left out."""


class AnnouncementsBlock(Block):
    """When a waiting caller hears his position and his expected wait."""

    first: Annotated[float, seconds(0, 3600)] = _ANNOUNCE["first"]
    """Time after joining the line; 0 = no announcements."""
    every: Annotated[float, seconds(0, 3600)] = _ANNOUNCE["every"]
    """Time between further announcements; 0 = only the first."""
    position: bool = _ANNOUNCE["position"]
    """Say the position."""
    wait: bool = _ANNOUNCE["wait"]
    """Say the expected wait."""


class CallersBlock(Block):
    """Colours of a number of callers."""

    amber: Annotated[int, Field(ge=0, le=10_000)]
    red: Annotated[int, Field(ge=0, le=10_000)]


class WaitBlock(Block):
    """Colours of a wait."""

    amber: Annotated[float, seconds(0, 7200)]
    red: Annotated[float, seconds(0, 7200)]


class ShareBlock(Block):
    """Colours of a share."""

    amber: Share
    red: Share


def _colours(block: type[Block], figure: str) -> Any:
    threshold: Threshold = _SHOWN[figure]
    return block.model_construct(amber=threshold.amber, red=threshold.red)


class ThresholdsBlock(Block):
    """When the figures of the line change colour on the wallboard."""

    waiting: Annotated[CallersBlock, together(rising)] = _colours(CallersBlock, "waiting")
    """Callers waiting."""
    longest_wait: Annotated[WaitBlock, together(rising)] = _colours(WaitBlock, "longest_wait")
    """Wait of the caller who waits longest."""
    reachability: Annotated[ShareBlock, together(falling)] = _colours(ShareBlock, "reachability")
    """Answered / (answered + abandoned)."""
    service_level: Annotated[ShareBlock, together(falling)] = _colours(ShareBlock, "service_level")
    """Answered within target_wait / (answered + abandoned, without short ones)."""


class CallbackBlock(Block):
    """When a waiting caller is offered to be called back, what he is promised, and how it is kept."""

    preset: Annotated[str, one_of(*PRESETS)] = USUAL_PRESET
    """``1700``: after 150 s, within 2 working days. ``charter``: after 150 s, before the end of the next working day.
    Single settings beside it win."""
    after: Annotated[float, seconds(1, 3600)] = _RULE["after"]
    """Wait at which the offer begins, counted from joining the line after the last menu choice."""
    early_after: Annotated[float, seconds(0, 3600)] = _RULE["early_after"]
    """Wait at which it begins already when a long wait is expected."""
    early_when: Annotated[float, seconds(0, 7200)] = _RULE["early_when"]
    """Expected wait beyond which the offer comes early; 0 = never early."""
    again_after: Annotated[float, seconds(0, 7200)] = _RULE["again_after"]
    """Time after a declined offer before it is made again; 0 = never again."""
    working_days: Annotated[int, Field(ge=1, le=10)] = _TERMS["working_days"]
    """The call comes before the end of this many working days after the day of the promise."""
    calling_hours: Hours | None = None
    """When citizens may be called, by day or days; when left out, the opening hours of the line."""
    attempts: Annotated[int, Field(ge=1, le=10)] = _TERMS["attempts"]
    """At most so many in which the citizen's phone rings."""
    gap: Annotated[float, seconds(60, 86_400)] = _TERMS["gap"]
    """Time between two attempts, at least."""
    occupancy: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = _TERMS["occupancy"]
    """A half-hour is calm when the operators' forecast occupancy, and that of the next, is at most this."""
    share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = _TERMS["share"]
    """Part of the operators' idle time that may be promised away."""
    reserve: Annotated[int, Field(ge=0, le=100)] = _RULE["reserve"]
    """So many other operators of the line stay idle when one calls back; fewer as the deadline nears."""
    operator_first: bool = _RULE["operator_first"]
    """The operator's phone rings first, then the citizen's; false = the citizen first."""
    ring_citizen: Annotated[float, seconds(10, 120)] = _RULE["ring_citizen"]
    """How long the citizen's phone rings."""
    machine_detection: bool = _RULE["machine_detection"]
    """Listen for an answering machine; costs the citizen up to 2 s of silence."""


class SurveyQuestionBlock(Block):
    """A question that a caller answers with a score from 1 to 10."""

    prompt: PromptId
    """Prompt that he hears; it says that 1 is the lowest score, and 10 or 0 the highest."""
    names: NamesBlock
    """What reports call it."""


class SurveyBlock(Block):
    """What callers are asked after their conversation."""

    share: Share = 0.0
    """Part of the callers who are asked when the operator hangs up first; 0 = only whom an operator sends."""
    questions: Annotated[dict[Id, SurveyQuestionBlock], Field(min_length=1, max_length=5)]
    """In the order in which they are asked. A line that gives questions gives all of them."""


class RecordingBlock(Block):
    """Which conversations are recorded; the caller hears so before, and a key refuses it."""

    keep: Annotated[int, whole_days(1, 3650)]
    """Days until a recording is deleted: ``30 days``."""
    share: Share = 1.0
    """Part of the callers of the line."""


Days = Annotated[int, whole_days(1, 3650)]


class PrivacyBlock(Block):
    """How long a line keeps what is known of its callers; what is left out is as for all (``ACD_KEEP_...``)."""

    numbers: Days | None = None
    """Days until their numbers are erased."""
    names: Days | None = None
    """Days until their names are erased; left out: with the notes, which is also the latest."""
    notes: Days | None = None
    """Days until what operators wrote is erased, names and notes."""
    citizens: Days | None = None
    """Days until nobody can tell any more that a citizen calls again."""


Survey = Annotated[SurveyBlock | None, OrNever()]
Recording = Annotated[RecordingBlock | None, OrNever()]
Callback = Annotated[Annotated[CallbackBlock, together(callback_times)] | None, OrNever()]


class ClosingDayBlock(Block):
    """A date, a day of every year, or a range of dates."""

    date: Date | None = None
    yearly: YearDay | None = None
    """Such as ``11 juli``."""
    first: Date | None = None
    last: Date | None = None
    """Closed on this day too."""
    names: NamesBlock


ClosingDay = Annotated[ClosingDayBlock, together(closing_day)]


class DefaultsBlock(Block):
    """What holds for every line that does not say otherwise."""

    hours: Hours = {}
    """Opening hours by day or days: ``mon-fri: 09:00-17:00``; also ``24h``, ``closed``, ``09:00-12:00, 13:00-17:00``.
    A line that gives hours gives all of them."""
    public_holidays: bool = True
    """Closed on Belgian public holidays."""
    city_closing_days: bool = True
    """Closed on the closing days of the city."""
    priority: Annotated[int, Field(ge=0, le=9)] = _LINE["priority"]
    """0 (ordinary) to 9; each step counts as routing.priority_step seconds waited."""
    target_wait: Annotated[float, seconds(1, 3600)] = _LINE["target_wait"]
    """Service level: time within which target_share of the callers should be answered."""
    target_share: Share = _LINE["target_share"]
    target_reachability: Share = _LINE["target_reachability"]
    """Share of the callers who should be answered at all."""
    short_abandon: Annotated[float, seconds(0, 120)] = _LINE["short_abandon"]
    """A caller who hangs up before this does not count against the service level."""
    wrap_up: Annotated[float, seconds(0, 3600)] = _LINE["wrap_up"]
    """Time for notes after a call, before the next one may come."""
    ring_time: Annotated[float, seconds(5, 60)] = _LINE["ring_time"]
    """How long an operator's phone rings before the call goes to the next."""
    capacity: Annotated[int, Field(ge=1, le=1000)] = _LINE["capacity"]
    """Most callers waiting at once."""
    when_full: Overflow = _LINE["when_full"]
    """What happens to one more caller."""
    when_unstaffed: Overflow = _LINE["when_unstaffed"]
    """What happens to a caller when nobody with this line is logged in."""
    overflow_after: Annotated[float, seconds(0, 7200)] = _LINE["overflow_after"]
    """After this wait the caller goes to the partner; 0 = never."""
    partner: Destination = ""
    """Number of the partner contact centre."""
    calls_per_day: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] = _LINE["calls_per_day"]
    """Calls expected on a working day: the weight of the line when a freed operator chooses."""
    handle_time: Annotated[float, seconds(5, 7200)] = _LINE["handle_time"]
    """Expected talk and wrap-up of a call, until the line's own calls have taught better."""
    announcements: AnnouncementsBlock = AnnouncementsBlock()
    screen_pop: ScreenPop = ""
    """Address of the city's own page about a caller, which the operator's desk opens; ``{number}``, ``{call}``,
    ``{line}`` and ``{language}`` are filled in."""
    callback: Callback = None
    """The offer to be called back; ``never``, or left out here and in the defaults: this line never defers a caller."""
    survey: Survey = None
    """What callers are asked after their conversation; ``never``, or left out here and in the defaults: nothing."""
    recording: Recording = None
    """Whose conversations are recorded; ``never``, or left out here and in the defaults: nobody's."""
    privacy: PrivacyBlock = PrivacyBlock()
    """How long numbers, notes and the mark of a citizen are kept, where that is not as for all lines."""
    thresholds: ThresholdsBlock = ThresholdsBlock()


class LineBlock(DefaultsBlock):
    """A line: one queue of callers with one promise."""

    names: NamesBlock
    dids: list[Did] = []
    """The line's own numbers, in digits as the trunk delivers them."""
    number: ShownNumber = ""
    """The number as citizens know it."""
    flow: Id = ""
    """The flow that answers the line's own numbers; when left out, the one that names the line under ``answers``."""
    greeting: PromptId = ""
    """Prompt that a caller hears on entering the line."""
    closing_days: list[ClosingDay] = []
    """The line's own, besides those of the city."""
    subjects: dict[Id, NamesBlock] = {}
    """What its calls are about, besides the subjects of the whole city."""
    calls_per_year: Annotated[float, Field(gt=0, le=10_000_000, allow_inf_nan=False)] | None = None
    """A year's volume, instead of calls_per_day: it is spread over the days on which the line is open."""


class ShiftBlock(Block):
    """Operators who work every week on the same days and hours."""

    operators: Annotated[list[str], Field(min_length=1)]
    days: DayList
    """Such as ``mon-fri`` or ``mon-wed, fri``."""
    hours: DayHours
    """Such as ``09:00-17:00``; several intervals: ``09:00-12:00, 13:00-17:00``."""
    breaks: DayHours = []
    """Such as ``12:00-12:30``; several: ``12:00-12:30, 15:00-15:10``."""


class OperatorBlock(Block):
    """An operator: who, which phone, which lines."""

    name: Label
    device: DeviceName
    """His phone: the name of the PJSIP endpoint."""
    lines: dict[str, Annotated[int, Field(ge=1, le=99)]]
    """Line: level. 1 = first choice for that line; higher levels come later."""
    phone: Annotated[PhoneKind, Field(strict=False)] = PhoneKind.SIP
    """``browser``: he telephones with the page itself, and the endpoint is made for that."""


class DeskBlock(Block):
    """How patient the operator's page is."""

    grace: Annotated[float, seconds(5, 600)] = _DESK["grace"]
    """An operator whose page or phone is gone for this long is no longer ready."""
    wrap_up_extension: Annotated[float, seconds(0, 600)] = _DESK["wrap_up_extension"]
    """By this he may prolong his time for notes, once after each call; 0 = not at all."""


class RoutingBlock(Block):
    """Who gets whom."""

    queue_rule: Annotated[QueueRule, Field(strict=False)] = _ROUTING["queue_rule"]
    """Which waiting call a freed operator serves."""
    operator_rule: Annotated[OperatorRule, Field(strict=False)] = _ROUTING["operator_rule"]
    """Which idle operator serves a call."""
    guard: Annotated[float, seconds(0, 3600)] = _ROUTING["guard"]
    """A call that has waited longer goes first, oldest first."""
    priority_step: Annotated[float, seconds(0, 3600)] = _ROUTING["priority_step"]
    """One step of line priority counts as this much waiting."""


class OfferRuleBlock(Block):
    """What becomes of an operator whose phone declined a call."""

    back_after: Annotated[float | None, seconds(0, 3600, never=True)]
    """He is available again after this time; ``never`` = when he says so."""
    limit: Annotated[int, Field(ge=0, le=100)] = _defaults(OfferRule)["limit"]
    """From this many in a row on he stays not ready until he says otherwise; 0 = no limit."""


def _rule(name: str) -> OfferRuleBlock:
    rule: OfferRule = _OFFERS[name]
    return OfferRuleBlock.model_construct(back_after=rule.back_after, limit=rule.limit)


class OffersBlock(Block):
    """A rule for each way in which a phone can decline."""

    ring_no_answer: OfferRuleBlock = _rule("ring_no_answer")
    busy: OfferRuleBlock = _rule("busy")
    rejected: OfferRuleBlock = _rule("rejected")
    fault: OfferRuleBlock = _rule("fault")


class WebhookBlock(Block):
    """A program of the city that is told what happens, by a signed HTTP request."""

    url: HookUrl
    """Where the requests go, such as ``https://crm.example/acd``."""
    events: Annotated[list[Annotated[NewsKind, Field(strict=False)]], Field(min_length=1)]
    """What it is told."""
    secret_file: SecretFile = ""
    """File beside this one with the secret that signs the requests; ``acd webhooks secret`` makes one."""
    secret_env: EnvironmentName = ""
    """Instead: the environment variable of the service that holds it."""
    lines: list[str] = []
    """Only what happens on these lines; left out, on all."""
    personal: bool = False
    """Send the citizen's number and the operator's id along."""
    private: bool = False
    """The address may be of the city's own network, or of this machine, and need not be https."""


class MailBlock(Block):
    """The city's mail server, through which reports are sent."""

    host: MailHost
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Left out: 587 with starttls, 465 with tls, 25 with none."""
    security: Annotated[Security, Field(strict=False)] = Security.STARTTLS
    sender: MailAddress
    """From whom the mails come."""
    user: MailUser = ""
    """Account at the server; left out, it asks for none."""
    password_file: SecretFile = ""
    """File beside this one with its password."""
    password_env: EnvironmentName = ""
    """Instead: the environment variable of the service that holds it."""


class MailingBlock(Block):
    """A report that is mailed by the clock: of the day, week or month before."""

    when: Annotated[Cadence, Field(strict=False)]
    """daily, weekly (on Monday) or monthly (on the first)."""
    at: Moment = "07:00"
    to: Annotated[list[MailAddress], Field(min_length=1, max_length=50)]
    contents: Annotated[list[Annotated[Content, Field(strict=False)]], Field(min_length=1)] = [Content.FIGURES]
    """figures, subjects, repeats, survey."""
    lines: list[str] = []
    """Only these lines; left out, all."""
    language: Annotated[str, MAIL_LANGUAGE] = "nl"
    attach: list[Annotated[Attach, Field(strict=False)]] = [Attach.XLSX]
    """xlsx, csv, html (to print)."""


class OutsideBlock(Block):
    """Calls that we make: calls back, and those of operators to numbers outside. So that nobody can have the city pay
    for his calls, Asterisk looks at each of them too, whoever asks for it."""

    callbacks: list[NumberPrefix] = list(_OUTSIDE["callbacks"])
    """Beginnings of the numbers that are called back; empty = nobody is."""
    transfers: list[NumberPrefix] = list(_OUTSIDE["transfers"])
    """Beginnings of the numbers that an operator may dial, and send his caller to; empty = nobody outside."""
    refused: list[NumberPrefix] = list(_OUTSIDE["refused"])
    """And of these not. Of an allowed and a refused beginning the longer one counts."""
    emergency: list[ShortNumber] = list(_OUTSIDE["emergency"])
    """Short numbers that an operator may always dial, and send his caller to: nothing limits them."""
    per_number: Annotated[int, Field(ge=1, le=10_000)] = _OUTSIDE["per_number"]
    """Calls to one number in an hour."""
    per_operator: Annotated[int, Field(ge=1, le=10_000)] = _OUTSIDE["per_operator"]
    """Calls of one operator in an hour."""
    calls: Annotated[int, Field(ge=0, le=1_000_000)] = _OUTSIDE["calls"]
    """In a day; 0 = none at all."""
    minutes: Annotated[int, Field(ge=0, le=1_000_000)] = _OUTSIDE["minutes"]
    """Of conversation, in a day."""


class SupervisionBlock(Block):
    """What an operator is told of the supervisors."""

    visible: bool = _defaults(Supervision)["visible"]
    """He sees on his desk that somebody listens to his call."""


class CityBlock(Block):
    """The lines, operators and opening hours of a city contact centre."""

    model_config = ConfigDict(title="queues.yaml")

    city: Label
    """Name of the city."""
    defaults: DefaultsBlock = DefaultsBlock()
    lines: Annotated[dict[LineKey, LineBlock], Field(min_length=1)]
    operators: dict[Id, OperatorBlock] = {}
    reasons: Annotated[dict[Id, NamesBlock], Field(min_length=1)]
    """Reasons for not ready that an operator may choose."""
    subjects: dict[Id, NamesBlock] = {}
    """What a call may be about, on every line: the operator marks them beside his note."""
    desk: DeskBlock = DeskBlock()
    shifts: list[Annotated[ShiftBlock, together(shift_breaks)]] = []
    """Who works when, every week; left out, those count who were logged in at that hour in the past weeks."""
    roster: RosterFile = ""
    """The planner's roster, a CSV file beside this one, with the columns date, operator, start, end and breaks. On the
    dates in it, it counts instead of the shifts."""
    closing_days: list[ClosingDay] = []
    """Days on which the city is closed, besides Belgian public holidays."""
    routing: RoutingBlock = RoutingBlock()
    offers: OffersBlock = OffersBlock()
    webhooks: dict[Id, Annotated[WebhookBlock, together(hook_parts)]] = {}
    """Programs that are told what happens."""
    mail: Annotated[MailBlock, together(mail_parts)] | None = None
    """The mail server, if reports are mailed."""
    reports: dict[Id, MailingBlock] = {}
    """Reports that are mailed by the clock."""
    supervision: SupervisionBlock = SupervisionBlock()
    outside: OutsideBlock = OutsideBlock()
    confirm_timeout: Annotated[float, seconds(0.2, 10)] = _POLICY["confirm_timeout"]
    """The switch must confirm an offer within this."""
    ringing_timeout: Annotated[float, seconds(1, 30)] = _POLICY["ringing_timeout"]
    """A phone that does not say it rings within this is taken for dead."""
    offer_margin: Annotated[float, seconds(1, 30)] = _POLICY["offer_margin"]
    """Time after the ring time at which an offer without any ending is given up."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the file, for editors. It cannot say what spans fields: see the loader."""
    schema = CityBlock.model_json_schema()
    _close(schema)
    return {"$schema": SCHEMA_DIALECT, **schema}


def _close(node: Any) -> None:
    """Ids that fit no pattern are refused in the editor too."""
    if isinstance(node, dict):
        if "patternProperties" in node:
            node["additionalProperties"] = False
        for child in node.values():
            _close(child)
    elif isinstance(node, list):
        for child in node:
            _close(child)


def keys_at(path: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand beside the last one of ``path``; empty where ids stand."""
    block: Any = CityBlock
    for part in path[:-1]:
        if _is_block(block):
            field = block.model_fields.get(str(part))
            block = field.annotation if field else None
        else:
            block = next(iter(get_args(block)[-1:]), None)
        block = _bare(block)
    return list(block.model_fields) if _is_block(block) else []


def _bare(kind: Any) -> Any:
    """Without what is wrapped around it, and of a union the first."""
    while get_origin(kind) in (Annotated, UnionType, Union):
        kind = get_args(kind)[0]
    return kind


def _is_block(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Block)
