"""Asterisk and the calendar must agree on every moment: what is open for callers is open on the pages."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from acd.config import City, parse
from acd.config.calendar import Because, opening
from acd.ivr.hours import YEARS, hours_dialplan
from acd.model.zone import ZONE
from sim.lab import Lab
from tests.ivr.menus import until
from tests.lab.stub import stub

pytestmark = pytest.mark.asterisk

CITY = parse(b"""
city: Testgem
lines:
  office: {names: {nl: Kantoor}, hours: {mon-fri: "09:00-17:00"}}
  split: {names: {nl: Middag dicht}, hours: {mon-thu: "09:00-12:00, 13:00-17:00", fri: "08:30-12:15"}}
  always: {names: {nl: Altijd}, hours: {mon-sun: 24h}, public_holidays: false, city_closing_days: false}
  never: {names: {nl: Nooit}, hours: {mon-sun: closed}}
  late:
    names: {nl: Avond}
    hours: {mon: "20:00-24:00", tue: "00:00-00:01", wed-sun: "20:00-24:00"}
    public_holidays: false
  night: {names: {nl: Nacht}, hours: {mon-sun: "02:15-02:45, 03:00-03:01"}, public_holidays: false}
  own:
    names: {nl: Eigen dagen}
    hours: {mon-sun: "00:00-23:59"}
    city_closing_days: false
    closing_days:
      - {date: 2026-12-24, names: {nl: Kerstavond}}
      - {first: 2026-12-28, last: 2027-01-03, names: {nl: Kerstvakantie}}
      - {yearly: 29 februari, names: {nl: Schrikkeldag}}
operators:
  an: {name: An, device: 1001, lines: {office: 1, split: 1, always: 1, never: 1, late: 1, night: 1, own: 1}}
reasons:
  pauze: {nl: Pauze}
closing_days:
  - {yearly: 11 juli, names: {nl: Feest}}
  - {date: 2027-05-07, names: {nl: Brugdag}}
""")
CHUNK = 40
"""Answers in one global variable."""
TODAY = date(2026, 11, 22)
CLOCK_CHANGES = [
    datetime(2026, 3, 29, tzinfo=ZONE),
    datetime(2026, 10, 25, tzinfo=ZONE),
    datetime(2028, 3, 26, tzinfo=ZONE),
]


def _moments(city: City) -> Iterator[datetime]:
    """The edges of a week in winter and one in summer, of all closing days and of the nights when the clock changes,
    a second before and after; and a thousand others."""
    for monday in (date(2026, 11, 23), date(2027, 6, 7)):
        for line in city.lines.values():
            for weekday, intervals in enumerate(line.hours):
                midnight = datetime.combine(monday + timedelta(weekday), datetime.min.time(), ZONE)
                yield midnight
                for interval in intervals:
                    yield from (midnight + timedelta(minutes=edge) for edge in (interval.start, interval.end))
    closed = [date(2026, 12, 24), date(2026, 12, 28), date(2027, 1, 3), date(2028, 2, 29), date(2027, 5, 7)]
    public = [date(2026, 1, 1), date(2027, 3, 29), date(2028, 4, 17), date(2028, 12, 25), date(2026, 7, 11)]
    for day in (*closed, *public):
        for hour in (0, 12, 24):
            yield datetime.combine(day, datetime.min.time(), ZONE) + timedelta(hours=hour)
    for change in CLOCK_CHANGES:
        yield from (change.astimezone(UTC) + timedelta(minutes=minutes) for minutes in range(0, 300, 5))
    chance = random.Random(2026)
    first = datetime(TODAY.year, 1, 1, tzinfo=ZONE).timestamp()
    last = datetime(TODAY.year + YEARS, 1, 1, tzinfo=ZONE).timestamp()
    for _ in range(1000):
        yield datetime.fromtimestamp(int(chance.uniform(first, last)), UTC)


def _asking(lines: Sequence[str], epochs: Sequence[int]) -> str:
    """A dialplan that asks ``acd-hours`` for each line at each moment, and keeps the answers as global variables."""
    rows = ["[ask]"]
    for line in lines:
        rows.append(f"exten => {line},1,NoOp()")
        for at in range(0, len(epochs), CHUNK):
            rows.append(" same => n,Set(said=)")
            for epoch in epochs[at : at + CHUNK]:
                rows.append(f" same => n,Gosub(acd-hours,{line},1({epoch}))")
                rows.append(" same => n,Set(said=${said}${GOSUB_RETVAL:0:1})")
            rows.append(f" same => n,Set(GLOBAL(said_{line}_{at})=${{said}})")
        rows.append(f" same => n,Set(GLOBAL(done_{line})=1)")
        rows.append(" same => n,Hangup()")
    return "\n".join(rows) + "\n"


def _expected(city: City, line: str, epoch: int) -> str:
    found = opening(city, city.lines[line].id, datetime.fromtimestamp(epoch, UTC))  # type: ignore[index]
    if found.open:
        return "o"
    return "h" if found.because in (Because.HOLIDAY, Because.CLOSING_DAY) else "c"


async def test_asterisk_and_the_calendar_agree_on_every_moment() -> None:
    around = {int(moment.timestamp()) + second for moment in _moments(CITY) for second in (-1, 0, 1)}
    epochs = sorted(e for e in around if TODAY.year <= datetime.fromtimestamp(e, ZONE).year < TODAY.year + YEARS)
    lines = list(CITY.lines)
    text = "\n".join(hours_dialplan(CITY, TODAY)) + "\n" + _asking(lines, epochs)
    with Lab(CITY.policy, dialplan=text) as lab:
        async with stub(lab) as engine:
            for line in lines:
                answer = await engine.action(
                    Action="Originate",
                    Channel=f"Local/{line}@ask/n",
                    Application="Wait",
                    Data="60",
                    Async="true",
                )
                assert answer["Response"] == "Success", answer
            await until(lambda: all(f"done_{line}" in lab.globals() for line in lines), within=60)
        answers = lab.globals()
        assert lab.complaints(["Taskprocessor"]) == []  # Questions come faster than any caller's.
    seen = set()
    for line in lines:
        said = "".join(answers[f"said_{line}_{at}"] for at in range(0, len(epochs), CHUNK))
        expected = "".join(_expected(CITY, line, epoch) for epoch in epochs)
        wrong = [
            (line, datetime.fromtimestamp(e, ZONE).isoformat(), told, want)
            for e, told, want in zip(epochs, said, expected, strict=True)
            if told != want
        ]
        assert wrong == []
        seen |= set(said)
    assert seen == {"o", "c", "h"}
    assert len(epochs) > 3000
