"""What Prometheus reads is what happened: the same events counted by hand, and read back by its own parser."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from acd.engine.board import Board, BoardLine, BoardOperator
from acd.engine.tally import Tally
from acd.metrics import Metrics, Now
from acd.model import events as e
from acd.model.callback import AttemptResult
from acd.model.facts import OfferFailure
from acd.model.ids import CallbackId, CallId, LineId, OfferId, OperatorId, ServerId
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome
from acd.model.policy import OverflowTo
from acd.model.promise import CallbackCounts

MONITORING = Path(__file__).parents[2] / "monitoring"
LEZ, BJB = LineId("lez"), LineId("bjb")
AN = OperatorId("an_peeters")
WHY = e.Why("only_line", 8.0, 8.0, 1, 1.0, 1.0, "only_operator", 1, 1, 60.0, 1)


def line(id: LineId, waiting: int = 0, longest_wait: float | None = None, logged_in: int = 0) -> BoardLine:
    return BoardLine(
        line=id,
        names={},
        waiting=waiting,
        longest_wait=longest_wait,
        talking=0,
        available=0,
        logged_in=logged_in,
        target_reachability=0.95,
        target_wait=30.0,
        target_share=0.8,
    )


BOARD = Board(
    at=1000.0,
    linked=True,
    crisis=None,
    draining=False,
    lines=(line(LEZ, waiting=2, longest_wait=71.5, logged_in=3), line(BJB)),
    operators=tuple(
        BoardOperator(OperatorId(f"o{n}"), "", "", state, None, 0.0, None, None)
        for n, state in enumerate([OperatorState.IN_CALL, OperatorState.IN_CALL, OperatorState.NOT_READY])
    ),
    calls=(),
)
OWED = {LEZ: CallbackCounts(open=4, due=1, due_soon=2, overdue=1, handed_over=1)}

Samples = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]


def test_how_long_of_today_nothing_could_be_seen_is_told_without_a_label() -> None:
    now = Now(lambda: BOARD, Tally(), lambda: OWED, lambda: 7, lambda: 61.5, lambda: 3, unseen=lambda: 95.5)
    metrics = Metrics(now, [LEZ, BJB])
    assert read(metrics)["acd_today_unseen_seconds", ()] == 95.5
    assert read(measured())["acd_today_unseen_seconds", ()] == 0.0


def measured(board: Board | None = BOARD, tally: Tally | None = None) -> Metrics:
    up = {ServerId("a"): True, ServerId("b"): False}
    now = Now(lambda: board, tally or Tally(), lambda: OWED, lambda: 7, lambda: 61.5, lambda: 3, servers=lambda: up)
    return Metrics(now, [LEZ, BJB])


def read(metrics: Metrics) -> Samples:
    text, _ = metrics.exposition("")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def a_day() -> list[e.Event]:
    """One answered at the second offer, one who hung up, one promised and reached, one refused at night."""
    one, two, three, four = (CallId(f"{n}.1") for n in range(4))
    promise = CallbackId("2.1")
    return [
        e.CallStarted(0.0, one, "", None, 0.0),
        e.CallEnteredLine(5.0, one, LEZ, 5.0, "nl", ""),
        e.CallOffered(6.0, one, LEZ, AN, OfferId(1), WHY),
        e.OfferEnded(21.0, one, AN, OfferId(1), OfferFailure.RING_NO_ANSWER),
        e.CallOffered(22.0, one, LEZ, AN, OfferId(2), WHY),
        e.CallAnswered(25.0, one, LEZ, AN, 25.0, 20.0),
        e.OutcomeCounted(25.0, one, LEZ, Outcome.ANSWERED, 20.0),
        e.TalkFinished(125.0, one, AN, 125.0),
        e.CallEnded(125.5, one, 125.5),
        e.CallStarted(30.0, two, "", None, 30.0),
        e.CallEnteredLine(31.0, two, LEZ, 31.0, "nl", ""),
        e.CallOffered(40.0, two, LEZ, AN, OfferId(3), WHY),
        e.OfferEnded(43.0, two, AN, OfferId(3), None),
        e.OutcomeCounted(43.0, two, LEZ, Outcome.ABANDONED, 12.0),
        e.CallEnded(43.0, two, 43.0),
        e.CallStarted(50.0, three, "", None, 50.0),
        e.CallEnteredLine(51.0, three, BJB, 51.0, "nl", ""),
        e.CallbackOffered(201.0, three, BJB, 201.0, 150.0, early=False),
        e.CallbackPromised(230.0, three, BJB, promise, 9000.0, 10800.0, 90000.0),
        e.OutcomeCounted(230.0, three, BJB, Outcome.CALLBACK_ACCEPTED, 179.0),
        e.AttemptStarted(9000.0, promise, OfferId(4), BJB, AN),
        e.CitizenReached(9020.0, promise, OfferId(4), BJB, AN, 9020.0),
        e.AttemptFinished(9100.0, promise, OfferId(4), BJB, AN, AttemptResult.CONNECTED, 9100.0),
        e.CallStarted(300.0, four, "", None, 300.0),
        e.OutcomeCounted(300.0, four, None, Outcome.CLOSED, None),
        e.LinkWentDown(9200.0, "gone"),
    ]


def test_each_thing_that_happened_is_counted_once() -> None:
    metrics = measured()
    metrics.listen(a_day())
    samples = read(metrics)

    def of(name: str, **labels: str) -> float:
        return samples[f"acd_{name}", tuple(sorted(labels.items()))]

    assert of("calls_offered_total") == 4
    assert of("calls_entered_total", line="lez") == 2
    calls = {key[1]: value for key, value in samples.items() if key[0] == "acd_calls_total"}
    # Of each there is a series before the first call: an alarm about the increase of one must see the first.
    assert set(calls) == {(("line", line), ("outcome", o.value)) for line in (LEZ, BJB, "none") for o in Outcome}
    assert {labels: value for labels, value in calls.items() if value} == {
        (("line", "lez"), ("outcome", "answered")): 1,
        (("line", "lez"), ("outcome", "abandoned")): 1,
        (("line", "bjb"), ("outcome", "callback_accepted")): 1,
        (("line", "none"), ("outcome", "closed")): 1,
    }
    assert {dict(key[1])["result"]: value for key, value in samples.items() if key[0] == "acd_offers_total"} == {
        "ring_no_answer": 1,
        "answered": 1,
        "withdrawn": 1,
    }
    assert of("answer_wait_seconds_sum", line="lez") == 20
    assert of("answer_wait_seconds_bucket", line="lez", le="20.0") == 1
    assert of("answer_wait_seconds_bucket", line="lez", le="10.0") == 0
    assert of("abandon_wait_seconds_sum", line="lez") == 12
    assert of("talk_seconds_sum", line="lez") == 100
    assert of("talk_seconds_count", line="lez") == 1
    assert of("callbacks_offered_total", line="bjb") == 1
    assert of("callbacks_promised_total", line="bjb") == 1
    assert of("callbacks_reached_total", line="bjb") == 1
    assert of("callback_attempts_total", line="bjb", result="connected") == 1
    assert of("switch_link_losses_total") == 1


def test_a_colleague_has_a_talk_of_his_own_and_who_is_moved_is_counted() -> None:
    metrics, call = measured(), CallId("1.1")
    metrics.listen(
        [
            e.CallRerouted(10.0, call, LEZ, BJB, "coach"),
            e.CallAnswered(25.0, call, LEZ, AN, 25.0, 20.0),
            e.TalkFinished(85.0, call, AN, 85.0),
            e.CallPickedUp(85.0, call, LEZ, OperatorId("bo"), 85.0),
            e.TalkFinished(115.0, call, OperatorId("bo"), 115.0),
        ]
    )
    samples = read(metrics)
    assert samples["acd_calls_rerouted_total", (("line", "lez"),)] == 1
    assert samples["acd_talk_seconds_count", (("line", "lez"),)] == 2
    assert samples["acd_talk_seconds_sum", (("line", "lez"),)] == 90


def repaired(
    call: str, outcome: Outcome, *, line: LineId | None = LEZ, before: Outcome | None = None
) -> e.CallRepaired:
    return e.CallRepaired(
        at=99.0,
        call=CallId(call),
        known=before is not None,
        counts=True,
        did="",
        arrived_at=0.0,
        language="nl",
        path="",
        line=line,
        entered_at=None,
        operator=None,
        answered_at=None,
        talk_ended_at=None,
        fallback=False,
        gone_at=9.0,
        outcome=outcome,
        before=before,
        waited=None,
        switch_gone_at=9.0,
    )


def test_what_asterisk_tells_afterwards_is_counted_apart_and_nothing_is_taken_back() -> None:
    metrics = measured()
    lost = e.OutcomeCounted(10.0, CallId("1.1"), LEZ, Outcome.ABANDONED, 5.0, seen=False)
    of_lost = repaired("1.1", Outcome.ANSWERED, before=Outcome.ABANDONED)
    second_talk = msgspec.structs.replace(of_lost, counts=False, before=Outcome.ANSWERED)
    only_its_end = repaired("1.2", Outcome.ABANDONED, before=Outcome.ABANDONED)
    unknown = repaired("1.3", Outcome.LEFT_MENU, line=None)
    metrics.listen([lost, of_lost, second_talk, only_its_end, unknown])
    found = read(metrics)
    assert found["acd_calls_total", (("line", "lez"), ("outcome", "abandoned"))] == 1
    samples = {labels: value for (name, labels), value in found.items() if name == "acd_calls_repaired_total"}
    assert samples == {
        (("before", "abandoned"), ("line", "lez"), ("outcome", "answered")): 1,
        (("before", "none"), ("line", "none"), ("outcome", "left_menu")): 1,
    }


def test_nothing_is_kept_of_calls_that_are_over() -> None:
    metrics = measured()
    metrics.listen(a_day())
    assert not metrics._talks
    assert not metrics._lines


def test_gauges_are_those_of_the_board_and_of_today() -> None:
    tally = Tally({LEZ: 30.0})
    tally.apply(a_day())
    samples = read(measured(tally=tally))
    assert samples["acd_waiting_calls", (("line", "lez"),)] == 2
    assert samples["acd_longest_wait_seconds", (("line", "lez"),)] == 71.5
    assert samples["acd_longest_wait_seconds", (("line", "bjb"),)] == 0
    assert samples["acd_operators", (("state", "in_call"),)] == 2
    assert samples["acd_operators", (("state", "available"),)] == 0
    assert samples["acd_callbacks_overdue", (("line", "lez"),)] == 1
    assert samples["acd_callbacks_overdue", (("line", "bjb"),)] == 0
    assert samples["acd_ledger_behind_events", ()] == 7
    assert samples["acd_ledger_behind_seconds", ()] == 61.5
    assert samples["acd_today_reachability_ratio", (("line", "lez"),)] == 0.5
    # A line on which nothing was answered or abandoned has no percentage.
    assert ("acd_today_reachability_ratio", (("line", "bjb"),)) not in samples
    assert samples["acd_today_calls", (("line", "bjb"),)] == 0


def test_before_the_switch_was_seen_there_are_no_figures_that_look_like_quiet() -> None:
    samples = read(measured(board=None))
    assert samples["acd_switch_up", ()] == 0
    assert not any(name == "acd_waiting_calls" for name, _ in samples)


def test_openmetrics_for_who_accepts_it() -> None:
    text, content_type = measured().exposition("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")


def test_promtool_finds_nothing_to_say_about_the_names() -> None:
    metrics = measured()
    metrics.listen(a_day())
    text, _ = metrics.exposition("")
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.mark.parametrize("command", [["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]])
def test_rules_hold_by_their_own_tests(command: list[str]) -> None:
    done = subprocess.run(["promtool", *command], cwd=MONITORING, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_test_that_raises_it() -> None:
    alerts = Counter(re.findall(r"- alert: (\w+)", (MONITORING / "alerts.yml").read_text()))
    raised = re.findall(
        r"alertname: (\w+)\n +eval_time: \S+\n +exp_alerts:\n", (MONITORING / "alerts.test.yml").read_text()
    )
    assert set(alerts) == set(raised)
    assert max(alerts.values()) == 1


@pytest.mark.parametrize("file", ["alerts.yml", "grafana.json"])
def test_rules_and_dashboard_ask_for_what_there_is(file: str) -> None:
    tally = Tally({LEZ: 30.0})
    tally.apply(a_day())
    metrics = measured(tally=tally)
    metrics.listen([*a_day(), e.CallDeflected(0.0, CallId("9.1"), LEZ, OverflowTo.REFUSE, "full")])
    known = {name for name, _ in read(metrics)}
    recorded = set(re.findall(r"record: (\S+)", (MONITORING / "alerts.yml").read_text()))
    text = (MONITORING / file).read_text()
    if file.endswith(".json"):
        text = " ".join(target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"])
    assert set(re.findall(r"\bacd_\w+", text)) <= known
    assert set(re.findall(r"\bacd:[\w:]+", text)) <= recorded


def test_of_several_servers_each_has_its_own_gauge() -> None:
    samples = read(measured())
    assert samples["acd_server_up", (("server", "a"),)] == 1
    assert samples["acd_server_up", (("server", "b"),)] == 0
    alone = Now(lambda: BOARD, Tally(), lambda: OWED, lambda: 0, lambda: 0.0, lambda: 0)
    assert not any(name == "acd_server_up" for name, _ in read(Metrics(alone)))
