"""The words follow from the figures: nothing is recommended that is not certain."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.model.ids import LineId
from sim.half_hours import HalfHour
from sim.model.statistics import Estimate
from sim.report.in_words import in_words, is_measure
from sim.report.of_comparison import advice as advice_of_changes
from sim.report.of_run import advice as advice_of_run
from sim.report.page import Tone
from sim.report.shortage import Verdict, judge_lines, looked_at, periods
from sim.report.texts import Language
from sim.results import FIGURES, Row, Summary, Targets
from sim.scenario import find, read
from sim.study import Difference, LineGain

NL = Language.NL
SETUP = read(find("monday_peak")).setup
LINES = ("gentinfo", "sportlijn", "lez")
CHANGES = (
    "extra mon 10:00-12:00 gentinfo",
    "learn an_peeters lez",
    "without an_peeters",
    "calls 1.2",
    "policy asterisk-queue",
)


def estimates(low: float, high: float, halves: tuple[float, ...]) -> st.SearchStrategy[Estimate]:
    return st.builds(Estimate, st.floats(low, high), st.sampled_from(halves), st.just(20))


shares = estimates(0.6, 1.0, (0.0, 0.005, 0.02, 0.2))
gains = st.fixed_dictionaries(
    {
        "answered": estimates(-9, 9, (0.0, 0.5, 4.0, 20.0)),
        "reachability": estimates(-0.1, 0.1, (0.0, 0.005, 0.05)),
        "service_level": estimates(-0.1, 0.1, (0.0, 0.005, 0.05)),
        "asa": estimates(-30, 30, (0.0, 2.0, 40.0)),
    }
)


def half_hour(n: int, reach: Estimate, calls: int) -> HalfHour:
    answered = Estimate(calls / 20 * reach.mean, 0.0, 20)
    lost = Estimate(calls / 20 * (1 - reach.mean), 0.0, 20)
    all_calls = Estimate(calls / 20, 0.0, 20)
    return HalfHour(f"{9 + n // 2:02}:{n % 2 * 30:02}", calls, all_calls, answered, lost, reach, reach, None, all_calls)


@st.composite
def rows(draw: st.DrawFn, id: str) -> Row:
    reach, level = draw(shares), draw(shares)
    calls = draw(st.sampled_from((4, 200, 4000)))
    values: dict[str, Estimate | None] = dict.fromkeys((f.key for f in FIGURES), Estimate(calls / 20, 1.0, 20))
    values |= {"reachability": reach, "service_level": level}
    halves = [half_hour(n, draw(shares), draw(st.sampled_from((0, 6, 80))) or 1) for n in range(6)]
    n = dict.fromkeys((f.key for f in FIGURES), calls)
    return Row(LineId(id), {"nl": id.title()}, Targets(0.95, 0.8, 30.0), values, n, halves, [])


@st.composite
def summaries(draw: st.DrawFn) -> Summary:
    lines = [draw(rows(id)) for id in LINES]
    return Summary(20, 1, "fixed_queue_ratio/least_skilled", {}, [lines[0], *lines])


@settings(max_examples=150)
@given(summaries())
def test_a_line_that_misses_does_so_for_certain(found: Summary) -> None:
    said = advice_of_run(NL, found, SETUP, "monday_peak")
    for row in found.lines[1:]:
        name, (reach, level) = row.names["nl"], (row.values[key] for key in ("reachability", "service_level"))
        assert reach is not None and level is not None
        low = [
            one for one, target in ((reach, 0.95), (level, 0.8)) if one.high < target and row.n["reachability"] >= 10
        ]
        met = reach.low >= 0.95 and level.low >= 0.8 and row.n["reachability"] >= 10
        bad = [one for one in said if one.tone is Tone.BAD and one.headline.startswith(f"{name} ")]
        assert not bad or low
        assert all(one.command for one in bad)
        for one in said:
            if one.tone is Tone.GOOD:
                assert met or name not in one.headline
        named = sum(name in one.headline for one in said) or said[0].headline.startswith("Alle lijnen")
        assert named, "a line that is spoken of nowhere"


@settings(max_examples=150)
@given(summaries())
def test_a_time_that_is_named_misses_for_certain(found: Summary) -> None:
    many = looked_at(found)
    for row in found.lines[1:]:
        judged = {half.start: half.reachability for half in row.half_hours if half.n >= 10}
        short = {start for start, reach in judged.items() if reach is not None and reach.among(many).high < 0.95}
        found_in = [(period, half.start) for period in periods(row, many) for half in row.half_hours]
        named = {start for period, start in found_in if period.start <= start < period.end}
        assert named == short


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(st.sampled_from(CHANGES), gains, st.lists(gains, min_size=3, max_size=3)), min_size=1, max_size=4
    ),
    summaries(),
)
def test_only_what_certainly_helps_and_harms_nobody_is_recommended(given_: list[Any], after: Summary) -> None:
    found = [
        Difference(
            change=change,
            lines=[
                LineGain(line=LineId(id), names={"nl": id}, **gain) for id, gain in zip(LINES, by_line, strict=True)
            ],
            after=after,
            **whole,
        )
        for change, whole, by_line in given_
    ]
    said = advice_of_changes(NL, found, SETUP)
    assert len(said) == len(found)
    by_headline = [(one, in_words(NL, one.change, SETUP)) for one in found]
    for advice in said:
        candidates = [one for one, words in by_headline if advice.headline.endswith(f": {words}")]
        assert candidates
        if advice.tone is Tone.GOOD:
            assert any(helps(one, len(found)) for one in candidates)
        if advice.headline.startswith("Doen"):
            assert advice.tone is Tone.GOOD and is_measure(candidates[0].change)
        if "(zeker)" in " ".join(advice.detail):
            assert any(certain(one, len(found)) for one in candidates)


def certain(one: Difference, among: int) -> list[float]:
    """The direction of each certain difference, better being positive."""
    signed = ((one.answered, 1), (one.reachability, 1), (one.service_level, 1), (one.asa, -1))
    return [value.mean * sign for value, sign in signed if value is not None and value.among(among).certain]


def helps(one: Difference, among: int) -> bool:
    found = certain(one, among)
    lost = [line for line in one.lines if line.answered is not None and line.answered.among(len(one.lines)).high < 0]
    return bool(found) and min(found) > 0 and not lost


def test_the_sentence_of_a_good_change() -> None:
    whole = {
        "answered": Estimate(9.04, 2.0, 20),
        "reachability": Estimate(0.012, 0.003, 20),
        "service_level": Estimate(0.001, 0.01, 20),
        "asa": Estimate(-0.1, 0.5, 20),
    }
    one = Difference(change="extra mon 10:00-12:00 gentinfo", lines=[], after=Summary(20, 1, "", {}, []), **whole)
    (said,) = advice_of_changes(NL, [one], SETUP)
    assert said.headline == "Doen: één medewerker erbij op maandag, 10:00 tot 12:00 uur, voor Gentinfo"
    assert said.detail == ["9,0 oproepen per dag meer beantwoord (zeker), bereikbaarheid +1,2 punt (zeker)."]


def test_the_sentence_of_a_line_that_misses() -> None:
    reach, level = Estimate(0.761, 0.02, 20), Estimate(0.9, 0.01, 20)
    values: dict[str, Estimate | None] = {
        "entered": Estimate(20.0, 1.0, 20),
        "reachability": reach,
        "service_level": level,
    }
    n = {"entered": 400, "reachability": 400, "service_level": 390}
    halves = [half_hour(k, Estimate(share, 0.01, 20), 80) for k, share in enumerate((0.97, 0.6, 0.7, 0.96))]
    row = Row(LineId("lez"), {"nl": "LEZ-lijn"}, Targets(0.95, 0.8, 30.0), values, n, halves, [])
    (said,) = advice_of_run(NL, Summary(20, 1, "", {}, [total(row), row]), SETUP, "monday_peak")
    assert said.headline == "LEZ-lijn haalt de bereikbaarheid van 95 % zeker niet"
    assert said.detail == [
        "Bereikbaarheid 76,1 % tegen 95 %: 18,9 punten te weinig, dat zijn 3,8 oproepen per dag.",
        "Zeker onder het doel: 09:30 tot 10:30 uur (65,0 %).",
    ]
    assert said.command == "python -m sim compare monday_peak -c 'extra mon 09:30-10:30 lez'"
    (after,) = advice_of_run(
        NL, Summary(20, 1, "", {}, [total(row), row]), SETUP, "my city.yaml", ["policy asterisk-queue"]
    )
    assert after.command == (
        "python -m sim compare 'my city.yaml' -c 'policy asterisk-queue' "
        "-c 'policy asterisk-queue + extra mon 09:30-10:30 lez'"
    )


def total(row: Row) -> Row:
    """All lines, where there is but one."""
    return msgspec.structs.replace(row, line=None)


def test_one_replication_or_few_calls_are_never_certain() -> None:
    alone = Row(LineId("lez"), {}, Targets(0.95, 0.8, 30.0),
                {"entered": None, "reachability": Estimate(0.1, math.inf, 1), "service_level": None},
                {"entered": 500, "reachability": 500, "service_level": 500}, [], [])  # fmt: skip
    (verdict,) = judge_lines(Summary(1, 1, "", {}, [total(alone), alone]))
    assert verdict.verdict is Verdict.OPEN


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("extra mon-fri 09:00-12:30 lez,bjb",
         "één medewerker erbij op maandag tot en met vrijdag, 09:00 tot 12:30 uur, voor LEZ-lijn en BoekJeBezoeklijn"),
        ("learn an_peeters lez", "An Peeters leert LEZ-lijn"),
        ("without an_peeters + calls 1.5 lez", "An Peeters is er niet en 1,5 keer zoveel oproepen voor LEZ-lijn"),
        ("rule longest_waiting longest_idle", "verdelen met engine van acd (longest_waiting / longest_idle)"),
        ("callback never", "niemand wordt teruggebeld"),
        ("policy asterisk-queue", "verdelen met Asterisks eigen Queue() (rrmemory)"),
    ],
)  # fmt: skip
def test_changes_in_words(words: str, says: str) -> None:
    assert in_words(NL, words, SETUP) == says


def called_back(spoken: float, answered: float, broken: float = 0.0) -> Difference:
    """A change of so many citizens spoken with, calls answered and promises broken per day, all of it certain."""

    def sure(mean: float) -> Estimate:
        return Estimate(mean, 0.1, 20)

    after = Summary(20, 1, "fixed_queue_ratio/least_skilled", {}, [])
    gain: dict[str, Any] = {"reachability": sure(0.0), "service_level": sure(0.0), "asa": sure(0.0)}
    return Difference(
        change="callback never",
        lines=[],
        after=after,
        answered=sure(answered),
        spoken=sure(spoken),
        reached=sure(spoken / 100),
        kept=None,
        broken=sure(broken),
        **gain,
    )


def test_calls_answered_instead_of_called_back_are_no_gain() -> None:
    """Without callbacks more calls are answered live, and fewer citizens are spoken with: that is nothing to do."""
    (said,) = advice_of_changes(NL, [called_back(spoken=-6.0, answered=7.0)], SETUP)
    assert said.headline == "Niet doen: niemand wordt teruggebeld"
    assert said.tone is Tone.BAD and "6,0 burgers per dag minder gesproken" in " ".join(said.detail)


def test_promises_broken_weigh_against_citizens_reached() -> None:
    (said,) = advice_of_changes(NL, [called_back(spoken=6.0, answered=-7.0, broken=1.0)], SETUP)
    assert said.headline.startswith("Afwegen: ")
