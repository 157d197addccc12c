"""What Prometheus reads: counters and histograms folded from the events, gauges read from the engine's board.

Names follow Prometheus' own rules (base units, ``_total``, ``_seconds``, ``_ratio``) and the field's words. Labels are
few and bounded: lines of the city, outcomes, states; never a call, a number or a person. Counters begin anew with the
process, as Prometheus expects; what a council reads is in the records.

What was counted is never taken back. A call in a time in which we could not see is counted when Asterisk's own record
has told of it, apart: ``acd_calls_repaired_total`` with its outcome, and with the one that it had been taken for
(``none``: nobody knew of it). By outcome, ``calls + repaired{outcome} - repaired{before}`` is what the records have.
"""

from collections import Counter as Count
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from acd.engine.board import Board
from acd.engine.tally import LineCounts, Tally
from acd.model import events as e
from acd.model.ids import CallId, LineId, ServerId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.outside import Limit
from acd.model.promise import CallbackCounts

WAITS: Final = (5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 150.0, 180.0, 300.0, 600.0, 1800.0)
"""Seconds: among them the short abandon, the targets in use (20, 30, 60), the guard and the 150 s of the promise."""
TALKS: Final = (15.0, 30.0, 60.0, 120.0, 180.0, 240.0, 300.0, 480.0, 600.0, 900.0, 1800.0, 3600.0)
NO_LINE: Final = "none"
"""Label of calls that never joined a line."""
NOTHING: Final = "none"
"""Label of what was counted of a call that nobody knew of."""


class Now(NamedTuple):
    """Where the gauges come from; each is asked at the scrape."""

    board: Callable[[], Board | None]
    """None while the switch has not been seen."""
    tally: Tally
    callbacks: Callable[[], Mapping[LineId, CallbackCounts]]
    behind: Callable[[], int]
    """Events that are not in the database yet."""
    lag: Callable[[], float]
    """Seconds since the oldest of them."""
    pages: Callable[[], int]
    unseen: Callable[[], float] = lambda: 0.0
    """Seconds of today in which nothing could be seen."""
    heir: Callable[[], str | None] = lambda: None
    """The engine that could take over from us now."""
    servers: Callable[[], Mapping[ServerId, bool]] = dict
    """Of several Asterisk servers: whether there is a link to each."""
    takeovers: int = 0
    """How often the lead has gone from one engine to another, ever; that we measure, means that we lead."""


class Metrics:
    """All that is measured of one service, in a registry of its own.

    Args:
        lines: those of the city.
    """

    def __init__(self, now: Now, lines: Iterable[LineId] = ()) -> None:
        self.registry: Final = CollectorRegistry()
        self._talks: dict[CallId, tuple[LineId, float]] = {}
        self._calls = self._counter("calls", "Calls by the one outcome that each ended in", "line", "outcome")
        self._repaired = self._counter(
            "calls_repaired", "Calls counted afterwards, from Asterisk's own record", "line", "outcome", "before"
        )
        self._offered = self._counter("calls_offered", "Calls that came in")
        self._entered = self._counter("calls_entered", "Calls that joined a line", "line")
        self._deflected = self._counter("calls_deflected", "Calls that a line could not take", "line", "because")
        self._offers = self._counter("offers", "Offers to operators by how they ended", "line", "result")
        self._proposals = self._counter("callbacks_offered", "Callers who heard the offer to be called back", "line")
        self._promised = self._counter("callbacks_promised", "Promises to call back", "line")
        self._attempts = self._counter("callback_attempts", "Attempts to call back by result", "line", "result")
        self._reached = self._counter("callbacks_reached", "Citizens reached by a call back", "line")
        self._link_losses = self._counter("switch_link_losses", "Times that the link to Asterisk was lost")
        self._refused = self._counter("outside_refused", "Calls to numbers outside that were not made", "why")
        # From nought on: of a series that begins at one, Prometheus sees no increase.
        for why in Limit:
            self._refused.labels(why)
        for line, outcome in product((*lines, NO_LINE), Outcome):
            self._calls.labels(line, outcome)
        self._answer_wait = self._histogram("answer_wait_seconds", "Wait of the answered, ringing included", WAITS)
        self._abandon_wait = self._histogram("abandon_wait_seconds", "Wait of those who hung up", WAITS)
        self._talk = self._histogram("talk_seconds", "Conversations of operators with callers", TALKS)
        self._rerouted = self._counter("calls_rerouted", "Waiting callers whom a supervisor moved to the line", "line")
        self._lines: dict[CallId, LineId] = {}
        self.registry.register(_Gauges(now))

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """The figures and their content type: OpenMetrics for who accepts it, else Prometheus' text."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    def listen(self, events: Sequence[e.Event]) -> None:
        for event in events:
            match event:
                case e.OutcomeCounted():
                    self._outcome(event)
                case e.CallStarted():
                    self._offered.inc()
                case e.CallEnteredLine():
                    self._entered.labels(event.line).inc()
                case e.CallRerouted():
                    self._rerouted.labels(event.line).inc()
                case e.CallPickedUp():
                    self._talked(event.call, event.answered_at)
                    self._talks[event.call] = event.line, event.answered_at
                case e.CallDeflected():
                    self._deflected.labels(event.line, event.because).inc()
                case e.CallOffered() | e.OfferEnded() | e.CallAnswered() | e.TalkFinished() | e.CallEnded():
                    self._of_offer(event)
                case e.LinkWentDown():
                    self._link_losses.inc()
                case _:
                    self._of_call_outside(event)

    def _outcome(self, event: e.OutcomeCounted) -> None:
        line = event.line or NO_LINE
        self._calls.labels(line, event.outcome).inc()
        if event.waited is None:
            return
        if event.outcome is Outcome.ANSWERED:
            self._answer_wait.labels(line).observe(event.waited)
        elif event.outcome in (Outcome.ABANDONED, Outcome.ABANDONED_SHORT):
            self._abandon_wait.labels(line).observe(event.waited)

    def _of_offer(self, event: e.CallOffered | e.OfferEnded | e.CallAnswered | e.TalkFinished | e.CallEnded) -> None:
        match event:
            case e.CallOffered():
                self._lines[event.call] = event.line
            case e.OfferEnded():
                line = self._lines.pop(event.call, NO_LINE)
                self._offers.labels(line, event.how or "withdrawn").inc()
            case e.CallAnswered():
                if self._lines.pop(event.call, None) is not None:
                    self._offers.labels(event.line, "answered").inc()
                self._talks[event.call] = event.line, event.answered_at
            case e.TalkFinished():
                self._talked(event.call, event.ended_at)
            case e.CallEnded():
                self._talked(event.call, event.gone_at)
                self._lines.pop(event.call, None)

    def _talked(self, call: CallId, ended_at: float) -> None:
        if talk := self._talks.pop(call, None):
            line, answered_at = talk
            self._talk.labels(line).observe(max(0.0, ended_at - answered_at))

    def _of_call_outside(self, event: e.Event) -> None:
        match event:
            case e.CallRepaired() if event.counts and event.before is not event.outcome:
                self._repaired.labels(event.line or NO_LINE, event.outcome, event.before or NOTHING).inc()
            case e.OutsideRefused():
                self._refused.labels(event.why).inc()
            case e.CallbackOffered():
                self._proposals.labels(event.line).inc()
            case e.CallbackPromised():
                self._promised.labels(event.line).inc()
            case e.CitizenReached():
                self._reached.labels(event.line).inc()
            case e.AttemptFinished():
                self._attempts.labels(event.line, event.result).inc()
            case _:
                pass

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        return Counter(name, help, labels, namespace="acd", registry=self.registry)

    def _histogram(self, name: str, help: str, buckets: Iterable[float]) -> Histogram:
        return Histogram(name, help, ("line",), namespace="acd", registry=self.registry, buckets=tuple(buckets))


class _Gauges(Collector):
    """Figures of the moment at which Prometheus asks."""

    def __init__(self, now: Now) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        board = self._now.board()
        yield _one("switch_up", "1 while the link to Asterisk is up", float(board is not None and board.linked))
        if servers := self._now.servers():
            yield _by(
                "server_up", "1 while the link to this one of several Asterisk servers is up", "server", servers.items()
            )
        yield _one("ledger_behind_events", "Events that are not in the database yet", self._now.behind())
        yield _one("ledger_behind_seconds", "Time since the oldest of them", self._now.lag())
        yield _one("leader", "1 for the engine that leads, 0 for one that stands by", 1.0)
        yield _one("standby_present", "1 while another engine could take over", float(self._now.heir() is not None))
        moved = "Times that the lead has gone from one engine to another"
        yield CounterMetricFamily("acd_takeovers", moved, value=self._now.takeovers)
        yield _one("pages_open", "Pages that are kept up to date", self._now.pages())
        if board is None:
            return
        yield _one("draining", "1 during maintenance: new callers are refused", float(board.draining))
        yield _one("crisis", "1 while the crisis message plays", float(board.crisis is not None))
        yield self._operators(board)
        yield from self._of_lines(board)
        yield from self._today(board)
        yield from self._callbacks(board)

    def _operators(self, board: Board) -> Metric:
        states = Count(operator.state for operator in board.operators)
        return _by("operators", "Operators by what they do", "state", [(s, states[s]) for s in OperatorState])

    def _of_lines(self, board: Board) -> Iterator[Metric]:
        lines = board.lines
        yield _by("waiting_calls", "Callers waiting", "line", [(x.line, x.waiting) for x in lines])
        waits = [(x.line, x.longest_wait or 0.0) for x in lines]
        yield _by("longest_wait_seconds", "Wait of the oldest call now waiting; 0 = nobody waits", "line", waits)
        yield _by("talking_calls", "Callers who speak with an operator", "line", [(x.line, x.talking) for x in lines])
        yield _by(
            "operators_available", "Operators who could take a call", "line", [(x.line, x.available) for x in lines]
        )
        yield _by("operators_logged_in", "Operators at work", "line", [(x.line, x.logged_in) for x in lines])
        yield _by("target_wait_seconds", "Wait that the line aims at", "line", [(x.line, x.target_wait) for x in lines])
        aims = [(x.line, x.target_reachability) for x in lines]
        yield _by("target_reachability_ratio", "Reachability that the line aims at", "line", aims)
        shares = [(x.line, x.target_share) for x in lines]
        yield _by("target_service_level_ratio", "Service level that the line aims at", "line", shares)

    def _today(self, board: Board) -> Iterator[Metric]:
        unseen = "Seconds of today in which nothing could be seen: today's counts are a lower bound"
        yield _one("today_unseen_seconds", unseen, self._now.unseen())
        # A line without calls today has no percentage: it is left out, not 0 and not 1.
        counts = {x.line: self._now.tally.lines.get(x.line) or LineCounts() for x in board.lines}
        calls = [(line, float(c.answered + c.abandoned)) for line, c in counts.items()]
        yield _by("today_calls", "Today's answered and abandoned: what reachability divides by", "line", calls)
        reached = [(line, c.reachability) for line, c in counts.items() if c.reachability is not None]
        yield _by("today_reachability_ratio", "Today's A / (A + B)", "line", reached)
        in_time = [(line, c.service_level) for line, c in counts.items() if c.service_level is not None]
        yield _by("today_service_level_ratio", "Today's A_t / (A + B - s)", "line", in_time)

    def _callbacks(self, board: Board) -> Iterator[Metric]:
        told = self._now.callbacks()
        counts = {x.line: told.get(x.line, CallbackCounts()) for x in board.lines}
        for field, help in (
            ("open", "Citizens still to be called back"),
            ("due_soon", "Of the open ones: the deadline is near"),
            ("overdue", "Of the open ones: the deadline has passed, the promise is broken"),
            ("handed_over", "Of the open ones: a person must deal with it"),
        ):
            yield _by(f"callbacks_{field}", help, "line", [(line, getattr(c, field)) for line, c in counts.items()])


def _one(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(f"acd_{name}", help, value=value)


def _by(name: str, help: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(f"acd_{name}", help, labels=[label])
    for of, value in values:
        family.add_metric([of], value)
    return family
