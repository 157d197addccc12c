"""The keeper as the engine meets it: what it answers, what it tells unasked, and what it says without a database."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from acd.callbacks import jobs
from acd.callbacks.keeper import Keeper
from acd.callbacks.memory import MemoryStore, Shelf
from acd.callbacks.worklist import Worklist
from acd.model import commands as do
from acd.model import events as ev
from acd.model import facts
from acd.model.callback import AttemptResult, AttemptStage, CallbackState, DueCallback
from acd.model.facts import Fact
from acd.model.ids import CallbackId, CallId, LineId, OfferId
from acd.model.outside import Outside
from acd.model.promise import CallbackCounts
from acd.model.worklist import Act, CannotAct, Deed, Dossier, Kind, WorkChanged, WorkRow, WrongMoment
from acd.ports import StoreAway
from tests.callbacks.crashes import CITY, EarlyPlanner
from tests.callbacks.promises import AN, BO, DEADLINE, HOUR, LATER, LINE, MONDAY, OPERATOR, OTHER, SOON, promise

CALL = CallId("17.1")
ID = CallbackId("17.1")


STEPS = ("book", "claim", "owed", "owed_to", "booked_by", "taken", "note_attempt", "end_attempt", "change")


class AwayStore(MemoryStore):
    """A database that can be pulled out."""

    away = False

    def __getattribute__(self, name: str) -> Any:
        if name in STEPS and object.__getattribute__(self, "away"):
            raise StoreAway("pulled out")
        return object.__getattribute__(self, name)


class Bench:
    def __init__(self) -> None:
        self.now = MONDAY
        self.shelf = Shelf()
        self.store = AwayStore(self.shelf)
        self.facts: list[Fact] = []
        self.due: tuple[DueCallback, ...] = ()
        self.keeper = Keeper(self.store, lambda: CITY, EarlyPlanner(), lambda: self.now)

    def inbox(self, fact: Fact) -> None:
        self.facts.append(fact)
        if isinstance(fact, facts.CallbacksDue):
            self.due = fact.callbacks

    async def rest(self) -> None:
        """Until all is done that was asked for."""
        while self.keeper._jobs._at_work is not None or not self.keeper._jobs._queue.empty():  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    async def ask(self, *commands: do.PromiseCommand) -> list[Fact]:
        """What is told from here on."""
        self.facts.clear()
        for command in commands:
            self.keeper.send(command)
        await asyncio.sleep(0)
        await self.rest()
        return [fact for fact in self.facts if not isinstance(fact, facts.CallbacksDue)]

    async def at(self, moment: float) -> tuple[DueCallback, ...]:
        """What is due then, as the engine knows it."""
        self.now = moment
        await self.keeper.tick()
        await self.rest()
        return self.due

    def hear(self, *events: ev.Event) -> None:
        self.keeper.listen(events)

    async def promised(self, call: str = "17.1", number: str = AN) -> None:
        await self.store.book(promise(call), number)


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(jobs, "PATIENCE", 0.05)
    monkeypatch.setattr(jobs, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(jobs, "LONGEST_PAUSE", 0.01)
    bench = Bench()
    await bench.keeper.start(bench.inbox)
    await bench.rest()
    yield bench
    await bench.keeper.stop()


async def test_whose_number_is_lost_is_not_due_and_stays_owed(bench: Bench) -> None:
    await bench.promised()
    await bench.promised("17.2", BO)
    assert len(await bench.at(SOON.start)) == 2
    del bench.shelf.numbers[ID]
    assert [one.callback for one in await bench.at(SOON.start + 60)] == ["17.2"]
    assert len(await bench.store.owed()) == 2


PLAN = do.PlanCallback(CALL, LINE, "0470 00 00 01", "fr")


async def plan_of(bench: Bench, command: do.PlanCallback = PLAN) -> Any:
    (fact,) = await bench.ask(command)
    assert isinstance(fact, facts.CallbackPlanned)
    return fact.plan


async def test_who_accepts_is_promised_the_moment_that_he_chose(bench: Bench) -> None:
    plan = await plan_of(bench)
    assert (plan.number, len(plan.slots), plan.existing) == (AN, 3, None)
    assert await bench.ask(do.BookCallback(CALL, LINE, 2, None)) == [
        facts.CallbackBooked(CALL, ID, plan.slots[1], plan.deadline)
    ]
    assert bench.shelf.promises[ID].window == plan.slots[1]
    assert bench.shelf.promises[ID].language == "fr"
    assert bench.keeper.counts[LINE].open == 1


async def test_hanging_up_while_it_is_written_does_not_undo_it(bench: Bench) -> None:
    await plan_of(bench)
    bench.keeper.send(do.BookCallback(CALL, LINE, 1, None))
    bench.hear(ev.CallEnded(MONDAY, CALL, MONDAY))
    await bench.ask(do.DropPlan(CALL))
    assert bench.shelf.promises[ID].state is CallbackState.OPEN


@pytest.mark.parametrize(
    ("planned", "choice", "number", "why"),
    [
        (PLAN, 1, "112", "no_number"),
        (do.PlanCallback(CALL, LINE, None, "nl"), 1, None, "no_number"),
        (PLAN, 4, None, "no_such_choice"),
        (do.PlanCallback(CallId("other"), LINE, AN, "nl"), 1, None, "no_plan"),
    ],
)
async def test_what_cannot_be_promised_is_said(
    bench: Bench, planned: do.PlanCallback, choice: int, number: str | None, why: str
) -> None:
    await plan_of(bench, planned)
    assert await bench.ask(do.BookCallback(CALL, LINE, choice, number)) == [facts.CallbackNotBooked(CALL, why)]
    assert not bench.shelf.promises


async def test_a_keyed_number_wins_and_its_promise_is_found_again_by_the_call(bench: Bench) -> None:
    await plan_of(bench, do.PlanCallback(CALL, LINE, None, "nl"))
    await bench.ask(do.BookCallback(CALL, LINE, 1, "0470000001"))
    assert bench.shelf.numbers[ID] == AN
    # A restarted engine asks whether he is owed a call, and knows no number.
    plan = await plan_of(bench, do.PlanCallback(CALL, LINE, None, "nl"))
    assert plan.existing == bench.shelf.promises[ID].window


async def test_moments_offered_to_one_are_kept_from_the_next_until_he_has_chosen(bench: Bench) -> None:
    seen: list[dict[float, int]] = []

    class Watching(EarlyPlanner):
        def slots(self, line: Any, now: float, deadline: float, taken: Any) -> Any:
            seen.append(dict(taken))
            return super().slots(line, now, deadline, taken)

    bench.keeper.planner = Watching()
    plan = await plan_of(bench)
    await plan_of(bench, do.PlanCallback(CallId("17.2"), LINE, None, "nl"))
    assert seen[1] == {slot.start: 1 for slot in plan.slots}
    await bench.ask(do.DropPlan(CALL))
    bench.keeper.send(do.DropPlan(CallId("17.2")))
    await plan_of(bench, do.PlanCallback(CallId("17.3"), LINE, None, "nl"))
    assert seen[2] == {}


async def test_who_is_owed_a_call_hears_so_as_soon_as_he_joins(bench: Bench) -> None:
    await bench.promised()
    again = CallId("17.5")
    bench.hear(
        ev.CallStarted(MONDAY, again, "x", "+32 470 00 00 01", MONDAY),
        ev.CallEnteredLine(MONDAY, again, LINE, MONDAY, "nl", ""),
    )
    (told,) = await bench.ask()
    assert isinstance(told, facts.CallbackPlanned) and told.plan is not None
    assert (told.call, told.plan.existing, told.plan.deadline) == (again, SOON, DEADLINE)
    (booked,) = await bench.ask(do.BookCallback(again, LINE, 3, None))
    assert isinstance(booked, facts.CallbackBooked) and booked.callback == ID
    await bench.ask(do.CancelCallback(again, LINE))
    assert bench.shelf.promises[ID].state is CallbackState.CANCELLED


@pytest.mark.parametrize("claimed", [False, True])
async def test_who_gets_through_by_himself_is_no_longer_owed(bench: Bench, claimed: bool) -> None:
    await bench.promised()
    await bench.at(SOON.start)
    if claimed:
        await bench.ask(do.ClaimCallback(ID, OfferId(1), OPERATOR))
    other = CallId("17.5")
    bench.hear(ev.CallStarted(SOON.start, other, "x", AN, SOON.start))
    bench.hear(ev.CallAnswered(SOON.start, other, LINE, OPERATOR, SOON.start, 20.0))
    await bench.ask(do.EndAttempt(OfferId(1), AttemptResult.NO_ANSWER, SOON.start + 30))
    assert (bench.shelf.promises[ID].state, bench.shelf.promises[ID].why) == (CallbackState.SETTLED, "got_through")
    assert await bench.at(LATER.start) == ()


async def test_due_is_told_at_its_moment_within_calling_hours(bench: Bench) -> None:
    await bench.promised()
    assert await bench.at(SOON.start - 1) == ()
    (due,) = await bench.at(SOON.start)
    assert (due.callback, due.window, due.attempts) == (ID, SOON, 0)
    assert await bench.at(MONDAY + 14 * HOUR) == ()
    assert len(await bench.at(MONDAY + 24 * HOUR)) == 1


async def test_an_attempt_that_came_to_nothing_is_due_again_two_hours_later_at_the_earliest(bench: Bench) -> None:
    await bench.promised()
    await bench.at(SOON.start)
    (claimed,) = await bench.ask(do.ClaimCallback(ID, OfferId(1), OPERATOR))
    assert claimed == facts.CallbackClaimed(ID, OfferId(1), AN, "nl")
    await bench.ask(
        do.NoteAttempt(OfferId(1), AttemptStage.DIALLED, SOON.start + 9),
        do.EndAttempt(OfferId(1), AttemptResult.BUSY, SOON.start + 12),
    )
    kept = bench.shelf.promises[ID]
    assert (kept.state, kept.attempts) == (CallbackState.OPEN, 1)
    assert kept.start_at >= SOON.start + 12 + 2 * HOUR


async def test_after_the_operator_did_not_pick_up_it_is_told_due_anew(bench: Bench) -> None:
    await bench.promised()
    await bench.at(SOON.start)
    await bench.ask(
        do.ClaimCallback(ID, OfferId(1), OPERATOR),
        do.EndAttempt(OfferId(1), AttemptResult.OPERATOR, SOON.start + 12),
    )
    assert any(isinstance(fact, facts.CallbacksDue) for fact in bench.facts)
    assert [due.callback for due in bench.due] == [ID]


@pytest.mark.parametrize("erased", [False, True])
async def test_due_is_told_again_after_every_claim_and_every_end(bench: Bench, erased: bool) -> None:
    """The engine strikes what it claims off its list: also a list that is the one of before must be told."""
    await bench.promised()
    await bench.at(SOON.start)
    if erased:
        del bench.shelf.numbers[ID]
    bench.facts.clear()
    bench.keeper.look()
    bench.keeper.send(do.ClaimCallback(ID, OfferId(1), OPERATOR))
    bench.keeper.send(do.EndAttempt(OfferId(1), AttemptResult.OPERATOR, SOON.start + 1))
    await asyncio.sleep(0)
    await bench.rest()
    answer = facts.CallbackNotClaimed if erased else facts.CallbackClaimed
    answered = next(n for n, fact in enumerate(bench.facts) if isinstance(fact, answer))
    told = [fact for fact in bench.facts[answered:] if isinstance(fact, facts.CallbacksDue)]
    assert told
    assert [due.callback for due in told[-1].callbacks] == ([] if erased else [ID]), "nobody can call without a number"


async def test_a_claim_that_the_database_is_too_slow_for_is_due_again(bench: Bench) -> None:
    await bench.promised()
    await bench.at(SOON.start)
    bench.store.away = True
    await bench.ask(do.ClaimCallback(ID, OfferId(1), OPERATOR))
    bench.store.away = False
    bench.facts.clear()
    await bench.at(SOON.start + 5)
    assert [due.callback for due in bench.due] == [ID]
    assert any(isinstance(fact, facts.CallbacksDue) for fact in bench.facts)


@pytest.mark.parametrize("ended", [False, True])
async def test_the_end_of_an_attempt_that_is_none_or_is_over_changes_nothing(bench: Bench, ended: bool) -> None:
    await bench.promised()
    await bench.at(SOON.start)
    if ended:
        await bench.ask(
            do.ClaimCallback(ID, OfferId(1), OPERATOR), do.EndAttempt(OfferId(1), AttemptResult.BUSY, SOON.start + 30)
        )
    before, log = bench.shelf.promises[ID], len(bench.shelf.log)
    await bench.ask(
        do.NoteAttempt(OfferId(1), AttemptStage.TALKING, SOON.start + 40),
        do.EndAttempt(OfferId(1), AttemptResult.UNKNOWN, SOON.start + 50),
    )
    assert (bench.shelf.promises[ID], len(bench.shelf.log)) == (before, log)


async def test_a_promise_of_this_very_call_is_told_to_an_engine_that_asks_anew(bench: Bench) -> None:
    await plan_of(bench)
    (booked,) = await bench.ask(do.BookCallback(CALL, LINE, 2, None))
    assert isinstance(booked, facts.CallbackBooked)
    assert (await plan_of(bench)).existing == booked.window
    assert (await plan_of(bench, do.PlanCallback(CALL, LINE, None, "nl"))).existing == booked.window


async def test_a_line_that_closes_soon_is_told_once_and_so_is_the_end_of_it(bench: Bench) -> None:
    open_until = [interval.end for interval in CITY.lines[LINE].hours[0]][-1]
    closes = MONDAY + (open_until - 9 * 60) * 60.0
    for moment in (closes - 2000, closes - 1800, closes - 900, closes, closes + 60):
        bench.now = moment
        await bench.keeper.tick()
    told = [fact for fact in bench.facts if isinstance(fact, facts.LineClosing) and fact.line == LINE]
    assert told == [facts.LineClosing(LINE, closes), facts.LineClosing(LINE, None)]


# --- The database is away --------------------------------------------------------------------------------------------


async def test_with_the_database_away_all_is_answered_no_in_time_and_nobody_is_rung(bench: Bench) -> None:
    await plan_of(bench)
    await bench.promised("17.9", "+32470000009")
    assert len(await bench.at(SOON.start)) == 1
    bench.store.away = True
    third = CallId("17.3")
    told = await bench.ask(
        do.PlanCallback(third, LINE, AN, "nl"),
        do.BookCallback(CALL, LINE, 1, None),
        do.ClaimCallback(CallbackId("17.9"), OfferId(1), OPERATOR),
    )
    assert told == [
        facts.CallbackPlanned(third, None),
        facts.CallbackNotBooked(CALL, "database"),
        facts.CallbackNotClaimed(CallbackId("17.9"), OfferId(1)),
    ]
    assert bench.due == ()
    bench.store.away = False
    await bench.rest()
    assert ID not in bench.shelf.promises
    assert len(await bench.at(SOON.start + 10)) == 1


async def test_an_end_that_the_database_did_not_take_is_written_when_it_is_back(bench: Bench) -> None:
    await bench.promised()
    await bench.at(SOON.start)
    await bench.ask(do.ClaimCallback(ID, OfferId(1), OPERATOR))
    bench.store.away = True
    bench.keeper.send(do.EndAttempt(OfferId(1), AttemptResult.REFUSED, SOON.start + 30))
    await asyncio.sleep(0.02)
    assert bench.shelf.promises[ID].state is CallbackState.CLAIMED
    bench.store.away = False
    await bench.rest()
    assert (bench.shelf.promises[ID].state, bench.shelf.promises[ID].why) == (CallbackState.HANDED_OVER, "refused")


async def test_a_stop_answers_what_was_asked_and_leaves_no_task(bench: Bench) -> None:
    await plan_of(bench)
    bench.store.away = True
    bench.keeper.send(do.BookCallback(CALL, LINE, 1, None))
    await bench.keeper.stop()
    assert facts.CallbackNotBooked(CALL, "database") in bench.facts
    assert [task for task in asyncio.all_tasks() if task.get_name() == "promises"] == []


async def test_who_stops_in_the_middle_of_a_claim_gives_it_back(bench: Bench) -> None:
    """The engine is gone when the claim is written: whoever comes next finds it due, and no person has to look."""
    await bench.promised()
    await bench.at(SOON.start)

    def gone(fact: Fact) -> None:
        if isinstance(fact, facts.CallbackClaimed):
            bench.keeper.send(do.EndAttempt(fact.attempt, AttemptResult.OPERATOR, bench.now))

    bench.keeper._inbox = gone
    bench.keeper.send(do.ClaimCallback(ID, OfferId(1), OPERATOR))
    await bench.keeper.stop()
    promise = bench.shelf.promises[ID]
    assert (promise.state, promise.attempts) == (CallbackState.OPEN, 0)


# --- People ----------------------------------------------------------------------------------------------------------


class People:
    """The worklist, as somebody uses it."""

    def __init__(self, bench: Bench) -> None:
        self.list = Worklist(bench.store, lambda: CITY, bench.keeper.look)
        self._bench = bench

    async def act(self, act: Act, by: str = "coach", version: int | None = None, **more: Any) -> WorkRow:
        await self.list.act(ID, version, Deed(act, by, self._bench.now, **more))
        return (await self.story()).row

    async def story(self) -> Dossier:
        story = await self.list.one(ID)
        assert story is not None
        return story

    async def keys(self, kind: Kind, line: LineId | None = None) -> list[str]:
        return [row.callback for row in await self.list.rows(kind, line, self._bench.now, 10)]


@pytest.fixture
def people(bench: Bench) -> People:
    return People(bench)


async def test_the_list_by_kind_and_line(bench: Bench, people: People) -> None:
    for call, number in (("17.1", AN), ("17.2", BO), ("17.3", "+32470000003")):
        await bench.promised(call, number)
    await bench.store.book(promise("17.0", line=OTHER, window=LATER), AN)
    bench.now = SOON.start
    await people.act(Act.HAND_OVER, note="he asked for Bo", to="bo")
    await people.list.act(CallbackId("17.2"), 1, Deed(Act.DONE, "coach", bench.now))
    assert await people.keys(Kind.OPEN) == ["17.1", "17.3", "17.0"]
    assert await people.keys(Kind.OPEN, OTHER) == ["17.0"]
    assert await people.keys(Kind.DUE) == ["17.3"]
    assert await people.keys(Kind.HANDED_OVER) == ["17.1"]
    assert await people.keys(Kind.CLOSED) == ["17.2"]
    assert await people.keys(Kind.CLOSED, OTHER) == []
    assert await people.keys(Kind.BROKEN) == []
    assert await people.list.counts(bench.now) == {LINE: CallbackCounts(2, 1, 0, 0, 1), OTHER: CallbackCounts(1)}
    bench.now = DEADLINE
    assert await people.keys(Kind.BROKEN) == ["17.1", "17.3", "17.0"]
    assert await people.list.counts(bench.now) == {
        LINE: CallbackCounts(2, 1, 0, 2, 1),
        OTHER: CallbackCounts(1, 1, 0, 1, 0),
    }
    assert await people.list.one(CallbackId("99")) is None


async def test_a_story_says_who_did_what_and_who_is_calling_now(bench: Bench, people: People) -> None:
    await plan_of(bench)
    await bench.ask(do.BookCallback(CALL, LINE, 1, None))
    first = (await people.story()).row
    assert (first.number, first.state, first.owner, first.reason) == (AN, CallbackState.OPEN, "", "")
    bench.now = first.window.start
    await bench.ask(do.ClaimCallback(ID, OfferId(1), OPERATOR))
    assert (await people.story()).row.owner == OPERATOR
    await bench.ask(
        do.NoteAttempt(OfferId(1), AttemptStage.DIALLED, bench.now + 9),
        do.EndAttempt(OfferId(1), AttemptResult.BUSY, bench.now + 12),
    )
    bench.now += 60
    after = (await people.story()).row
    await people.act(Act.HAND_OVER, "bo", note="only I can help")
    story = await people.story()
    assert [(a.operator, a.result) for a in story.attempts] == [(OPERATOR, AttemptResult.BUSY)]
    assert [(s.by, s.what, s.note, s.moment) for s in story.history] == [
        ("bo", "hand_over", "only I can help", None),
        ("system", "moved", "", after.window.start),
        ("caller", "promised", "", first.window.start),
    ]
    assert (story.row.owner, story.row.reason, story.row.last_result) == ("bo", "person", AttemptResult.BUSY)


async def test_call_now_is_due_at_once_and_rings_who_wanted_it(bench: Bench, people: People) -> None:
    await bench.promised("17.0", BO)
    await bench.promised()
    bench.now = SOON.start
    await people.act(Act.CALL_NOW, operator=OPERATOR, note="he called the mayor")
    await bench.rest()
    assert [(due.callback, due.operator) for due in bench.due] == [(ID, OPERATOR), ("17.0", None)]
    step = (await people.story()).history[0]
    assert (step.by, step.what, step.note) == ("coach", "call_now", "he called the mayor")
    await bench.ask(do.ClaimCallback(ID, OfferId(1), OPERATOR))
    await bench.ask(do.EndAttempt(OfferId(1), AttemptResult.OPERATOR, bench.now + 12))
    assert [(due.callback, due.operator) for due in bench.due] == [("17.0", None), (ID, None)], "he was not there"


@pytest.mark.parametrize(
    ("act", "state", "why", "result"),
    [
        (Act.DONE, CallbackState.REACHED, "", AttemptResult.CONNECTED),
        (Act.WRONG_NUMBER, CallbackState.SETTLED, "wrong_number", AttemptResult.WRONG_NUMBER),
        (Act.CANCEL, CallbackState.CANCELLED, "cancel", None),
        (Act.HAND_OVER, CallbackState.HANDED_OVER, "person", None),
        (Act.NO_ANSWER, CallbackState.OPEN, "", AttemptResult.NO_ANSWER),
    ],
)
async def test_what_a_person_does(
    bench: Bench, people: People, act: Act, state: CallbackState, why: str, result: AttemptResult | None
) -> None:
    await bench.promised()
    after = await people.act(act)
    assert (after.state, after.reason, after.last_result, after.owner) == (state, why, result, "coach")
    assert bench.shelf.promises[ID].state is state


async def test_three_calls_in_vain_by_hand_are_enough(bench: Bench, people: People) -> None:
    await bench.promised()
    for _ in range(3):
        after = await people.act(Act.NO_ANSWER)
    assert (after.state, after.reason, after.attempts) == (CallbackState.HANDED_OVER, "attempts", 3)
    again = await people.act(Act.NO_ANSWER)
    assert (again.state, again.attempts) == (CallbackState.HANDED_OVER, 4)
    other = await people.act(Act.HAND_OVER, to="bo")
    assert (other.state, other.owner) == (CallbackState.HANDED_OVER, "bo")


@pytest.mark.parametrize(
    ("more", "fault", "words"),
    [
        ({}, CannotAct, "to which moment"),
        ({"moment": MONDAY - 60}, WrongMoment, "2026-10-19 08:59 is over"),
        ({"moment": MONDAY + 14 * HOUR}, WrongMoment, "citizens of gentinfo are not called at 2026-10-19 23:00"),
        ({"moment": LATER.start, "note": "x" * 501}, CannotAct, "500 characters"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    bench: Bench, people: People, more: dict[str, Any], fault: type[CannotAct], words: str
) -> None:
    await bench.promised()
    with pytest.raises(fault, match=words):
        await people.act(Act.MOVE, **more)
    assert len(bench.shelf.log) == 1


async def test_at_night_nobody_is_called_now(bench: Bench, people: People) -> None:
    await bench.promised()
    bench.now = MONDAY + 14 * HOUR
    with pytest.raises(WrongMoment, match="not called"):
        await people.act(Act.CALL_NOW)


async def test_nobody_reaches_into_an_attempt_or_acts_on_what_he_did_not_see(bench: Bench, people: People) -> None:
    await bench.promised()
    await people.act(Act.MOVE, moment=LATER.start, version=1)
    with pytest.raises(WorkChanged, match="has changed meanwhile"):
        await people.act(Act.DONE, "bo", version=1)
    bench.now = LATER.start
    await bench.ask(do.ClaimCallback(ID, OfferId(1), OPERATOR))
    for act in Act:
        with pytest.raises(WorkChanged):
            await people.act(act, "bo", moment=LATER.start + HOUR)
    assert bench.shelf.promises[ID].state is CallbackState.CLAIMED
    with pytest.raises(WorkChanged, match="there is no promise 99"):
        await people.list.act(CallbackId("99"), None, Deed(Act.DONE, "bo", bench.now))


# --- Toll fraud -------------------------------------------------------------------------------------------------------


def limited(bench: Bench, **limits: Any) -> None:
    city = msgspec.structs.replace(CITY, policy=msgspec.structs.replace(CITY.policy, outside=Outside(**limits)))
    bench.keeper._city = lambda: city


@pytest.mark.parametrize(
    ("number", "limits"),
    [
        ("+3290012345", {}),
        ("+31201234567", {}),
        ("+31201234567", {"callbacks": ("+32", "+31")}),
        (AN, {"callbacks": ()}),
        (AN, {"refused": ("+32470",)}),
    ],
)
async def test_a_number_that_must_not_be_called_is_not_although_it_stands_in_the_database(
    bench: Bench, number: str, limits: dict[str, Any]
) -> None:
    limited(bench, **limits)
    await bench.promised(number=number)
    bench.now = SOON.start
    assert await bench.ask(do.ClaimCallback(ID, OfferId(7), OPERATOR)) == [facts.CallbackNotClaimed(ID, OfferId(7))]
    left = await bench.store.promise(ID)
    assert left is not None and (left.state, left.why) == (CallbackState.HANDED_OVER, "wrong_number")


async def test_nobody_is_promised_a_call_to_a_number_that_the_city_does_not_call(bench: Bench) -> None:
    limited(bench, refused=("+32470",))
    assert (await plan_of(bench)).number is None


async def test_one_number_is_rung_so_often_in_an_hour_and_no_more(bench: Bench) -> None:
    limited(bench, per_number=1)
    await bench.promised()
    await bench.store.book(promise("18.1", line=OTHER), AN)
    bench.now = SOON.start
    (claimed,) = await bench.ask(do.ClaimCallback(ID, OfferId(7), OPERATOR))
    assert isinstance(claimed, facts.CallbackClaimed)
    await bench.ask(do.NoteAttempt(OfferId(7), AttemptStage.DIALLED, bench.now))
    other = CallbackId("18.1")
    assert await bench.ask(do.ClaimCallback(other, OfferId(8), OPERATOR)) == [
        facts.CallbackNotClaimed(other, OfferId(8))
    ]
    later = await bench.store.promise(other)
    assert later is not None and later.start_at > bench.now


@pytest.mark.parametrize("limits", [{"calls": 1}, {"minutes": 10}])
async def test_the_limit_of_the_day_stops_all_calls_with_an_alarm_and_holds_over_a_restart(
    bench: Bench, limits: dict[str, Any]
) -> None:
    await bench.promised()
    await bench.promised("18.1", BO)
    await bench.at(SOON.start)
    await bench.ask(do.ClaimCallback(ID, OfferId(7), OPERATOR))
    for stage in (AttemptStage.DIALLED, AttemptStage.TALKING):
        await bench.ask(do.NoteAttempt(OfferId(7), stage, bench.now))
    await bench.ask(do.EndAttempt(OfferId(7), AttemptResult.CONNECTED, bench.now + 600))
    assert len(await bench.at(SOON.start + 700)) == 1
    limited(bench, **limits)
    with capture_logs() as logs:
        assert await bench.at(SOON.start + 705) == ()
        await bench.at(SOON.start + 710)
    assert [entry["event"] for entry in logs if entry.get("alarm")] == ["callback.limit_of_the_day"]
    anew = Keeper(bench.store, bench.keeper._city, EarlyPlanner(), lambda: bench.now)
    assert await anew._spent(bench.now)
    # Tomorrow they go on.
    assert not await anew._spent(bench.now + 86_400)
