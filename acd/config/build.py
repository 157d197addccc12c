"""Checked blocks -> the frozen :class:`City`, and what is allowed but odd."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final, TypeVar

import msgspec

from acd.config.calendar import closed_dates
from acd.config.city import (
    CallbackTerms,
    City,
    CityLine,
    ClosingDay,
    ClosingDays,
    FrozenDict,
    Interval,
    Names,
    Shift,
    Supervision,
    Threshold,
    Thresholds,
    Week,
    YearlyClosingDay,
)
from acd.config.faults import Fault, dotted
from acd.config.fields import DAYS, days
from acd.config.mailing import PORTS
from acd.config.roster import Roster
from acd.config.schema import (
    Block,
    CallbackBlock,
    CityBlock,
    ClosingDayBlock,
    LineBlock,
    MailBlock,
    MailingBlock,
    NamesBlock,
    OfferRuleBlock,
    OperatorBlock,
    OutsideBlock,
    ShiftBlock,
    SurveyBlock,
    WebhookBlock,
)
from acd.config.source import Source
from acd.model.hook import Hook
from acd.model.ids import Device, LineId, OperatorId
from acd.model.mailing import Mailing, MailServer
from acd.model.outside import Outside
from acd.model.policy import (
    Announcements,
    CallbackRule,
    DeskRule,
    Line,
    OfferRule,
    OfferRules,
    Operator,
    Policy,
    RecordingRule,
    Routing,
    SurveyQuestion,
    SurveyRule,
    Terms,
)

Struct = TypeVar("Struct", bound=msgspec.Struct)


_MEAN_YEAR: Final = (date(2025, 1, 1), date(2028, 12, 31))
"""Days open in a year are counted over these four, one of them a leap year."""


def build(block: CityBlock, source: Source, roster: Roster) -> City:
    """The city of a file without faults; ``source`` knows the lines for the warnings."""
    warnings = tuple(Fault(source.file, source.line(path), dotted(path), says) for path, says in _oddities(block))
    city = City(
        name=block.city,
        policy=_policy(block),
        lines=FrozenDict({LineId(id): _city_line(LineId(id), line) for id, line in block.lines.items()}),
        reasons=FrozenDict({id: _names(names) for id, names in block.reasons.items()}),
        closing_days=tuple(map(_closing_day, block.closing_days)),
        subjects=_subjects(block.subjects),
        shifts=tuple(_shift(shift) for shift in block.shifts),
        roster=roster,
        supervision=_struct(Supervision, block.supervision),
        warnings=tuple(sorted(warnings, key=lambda warning: warning.line)),
        webhooks=FrozenDict({name: _hook(name, hook) for name, hook in block.webhooks.items()}),
        mail=None if block.mail is None else _mail_server(block.mail),
        mailings=FrozenDict({name: _mailing(name, mailing) for name, mailing in block.reports.items()}),
    )
    return _with_yearly_volumes(city, block)


def _with_yearly_volumes(city: City, block: CityBlock) -> City:
    """A year's volume becomes the calls of one day on which the line is open."""
    lines = dict(city.policy.lines)
    for id, line in lines.items():
        if (volume := block.lines[id].calls_per_year) is not None:
            lines[id] = msgspec.structs.replace(line, calls_per_day=volume / _open_days(city, id))
    return msgspec.structs.replace(city, policy=msgspec.structs.replace(city.policy, lines=FrozenDict(lines)))


def _open_days(city: City, line: LineId) -> float:
    """In a mean year; at least one."""
    first, last = _MEAN_YEAR
    closed = {closing.day for closing in closed_dates(city, line, first, last)}
    span = (first + timedelta(ahead) for ahead in range((last - first).days + 1))
    open_days = sum(bool(city.lines[line].hours[day.weekday()]) and day not in closed for day in span)
    return max(1.0, open_days / (last.year - first.year + 1))


def _policy(block: CityBlock) -> Policy:
    return Policy(
        lines=FrozenDict({LineId(id): _line(LineId(id), line) for id, line in block.lines.items()}),
        operators=FrozenDict({OperatorId(id): _operator(OperatorId(id), who) for id, who in block.operators.items()}),
        reasons=tuple(block.reasons),
        routing=_struct(Routing, block.routing),
        offers=OfferRules(**{kind: _struct(OfferRule, rule) for kind, rule in _rules(block)}),
        desk=_struct(DeskRule, block.desk),
        outside=_outside(block.outside),
        confirm_timeout=block.confirm_timeout,
        ringing_timeout=block.ringing_timeout,
        offer_margin=block.offer_margin,
    )


def _outside(block: OutsideBlock) -> Outside:
    lists = {name: tuple(getattr(block, name)) for name in ("callbacks", "transfers", "refused", "emergency")}
    return _struct(Outside, block, **lists)


def _rules(block: CityBlock) -> Iterator[tuple[str, OfferRuleBlock]]:
    return ((kind, getattr(block.offers, kind)) for kind in OfferRules.__struct_fields__)


def _line(id: LineId, block: LineBlock) -> Line:
    announcements = _struct(Announcements, block.announcements)
    callback = None if block.callback is None else _struct(CallbackRule, block.callback)
    survey = None if block.survey is None else _survey(block.survey)
    recording = None if block.recording is None else _struct(RecordingRule, block.recording)
    privacy = _struct(Terms, block.privacy)
    made = {"id": id, "names": _names(block.names), "announcements": announcements, "privacy": privacy}
    return _struct(Line, block, **made, callback=callback, survey=survey, recording=recording)


def _survey(block: SurveyBlock) -> SurveyRule:
    asked = {id: SurveyQuestion(question.prompt, _names(question.names)) for id, question in block.questions.items()}
    return SurveyRule(FrozenDict(asked), block.share)


def _operator(id: OperatorId, block: OperatorBlock) -> Operator:
    levels = {LineId(line): level for line, level in block.lines.items()}
    return Operator(id=id, name=block.name, device=Device(block.device), lines=FrozenDict(levels), phone=block.phone)


def _city_line(id: LineId, block: LineBlock) -> CityLine:
    return CityLine(
        id=id,
        dids=tuple(block.dids),
        number=block.number,
        flow=block.flow or None,
        greeting=block.greeting or None,
        partner=block.partner or None,
        hours=_week(block.hours),
        public_holidays=block.public_holidays,
        city_closing_days=block.city_closing_days,
        closing_days=tuple(map(_closing_day, block.closing_days)),
        thresholds=Thresholds(
            waiting=_struct(Threshold, block.thresholds.waiting),
            longest_wait=_struct(Threshold, block.thresholds.longest_wait),
            reachability=_struct(Threshold, block.thresholds.reachability),
            service_level=_struct(Threshold, block.thresholds.service_level),
        ),
        subjects=_subjects(block.subjects),
        callback=None if block.callback is None else _terms(block.callback),
        screen_pop=block.screen_pop or None,
    )


def _hook(name: str, block: WebhookBlock) -> Hook:
    return Hook(
        name=name,
        url=block.url,
        kinds=frozenset(block.events),
        secret_file=block.secret_file or None,
        secret_env=block.secret_env or None,
        lines=frozenset(map(LineId, block.lines)),
        personal=block.personal,
        private=block.private,
    )


def _mail_server(block: MailBlock) -> MailServer:
    return MailServer(
        host=block.host,
        port=block.port or PORTS[block.security],
        security=block.security,
        sender=block.sender,
        user=block.user,
        password_file=block.password_file or None,
        password_env=block.password_env or None,
    )


def _mailing(name: str, block: MailingBlock) -> Mailing:
    hour, _, minute = block.at.partition(":")
    return Mailing(
        name=name,
        when=block.when,
        at=int(hour) * 3600 + int(minute) * 60,
        to=tuple(dict.fromkeys(block.to)),
        contents=tuple(dict.fromkeys(block.contents)),
        lines=tuple(map(LineId, block.lines)),
        language=block.language,
        attach=tuple(dict.fromkeys(block.attach)),
    )


def _terms(block: CallbackBlock) -> CallbackTerms:
    hours = None if block.calling_hours is None else _week(block.calling_hours)
    return _struct(CallbackTerms, block, calling_hours=hours)


def _shift(block: ShiftBlock) -> Shift:
    operators = tuple(map(OperatorId, block.operators))
    return Shift(operators=operators, days=block.days, hours=tuple(block.hours), breaks=tuple(block.breaks))


def _week(hours: Mapping[str, list[Interval]]) -> Week:
    by_day = {day: tuple(intervals) for key, intervals in hours.items() for day in days(key)}
    return tuple(by_day.get(day, ()) for day in range(len(DAYS)))


def _closing_day(block: ClosingDayBlock) -> ClosingDay:
    names = _names(block.names)
    if block.yearly is not None:
        month, day = block.yearly
        return YearlyClosingDay(names=names, month=month, day=day)
    first, last = block.first or block.date, block.last or block.date
    if first is None or last is None:
        raise AssertionError("a closing day without a date passed the checks")
    return ClosingDays(names=names, first=first, last=last)


def _subjects(blocks: Mapping[str, NamesBlock]) -> Mapping[str, Names]:
    return FrozenDict({id: _names(names) for id, names in blocks.items()})


def _names(block: NamesBlock) -> Names:
    return FrozenDict({"nl": block.nl, "en": block.en or block.nl, "fr": block.fr or block.nl})


def _struct(kind: type[Struct], block: Block, **made: Any) -> Struct:
    """The fields of ``kind`` that the block has under the same name, and those already ``made``."""
    same = {name: getattr(block, name) for name in kind.__struct_fields__ if name not in made}
    return kind(**same, **made)


def _oddities(block: CityBlock) -> Iterator[tuple[tuple[str | int, ...], str]]:
    served = {line for operator in block.operators.values() for line in operator.lines}
    for id, line in block.lines.items():
        if id not in served:
            yield ("lines", id), "no operator has this line: nobody can serve its callers"
        if not any(line.hours.values()):
            yield ("lines", id, "hours"), "the line is never open"
    for id, operator in block.operators.items():
        if not operator.lines:
            yield ("operators", id, "lines"), "this operator has no lines: he gets no calls"
