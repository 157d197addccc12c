"""The operator at his page: time for notes, and what it means when his page or his phone is gone.

Only who is ready is made not ready, and only after a grace: a page that loads again, a server that starts anew and a
network that hiccups cost nobody his place. A call in hand goes on, whatever is lost.
"""

from collections.abc import Iterable
from typing import Final

from acd.engine import desks
from acd.engine.people import PAGE_LOST, PHONE_LOST, Absence, Desk
from acd.engine.state import State, TimerKind
from acd.model.events import MoveRefused, PageChanged, WrapUpLengthened
from acd.model.facts import OperatorAction, PageLost, PageOpened, PhoneState, WrapUpExtended, WrapUpFinished
from acd.model.ids import OperatorId
from acd.model.operator import OperatorState, Wish

SYSTEM: Final = "system"
"""Who did it, when nobody did: something was gone for too long."""


# --- Time for notes ------------------------------------------------------------------------------------------------


def wrap_up_extended(state: State, fact: WrapUpExtended) -> None:
    desk = _wrapping_up(state, fact)
    if desk is None:
        return
    extension = state.policy.desk.wrap_up_extension
    if desk.extended or not extension:
        state.events.append(MoveRefused(state.now, f"operator {desk.id} more wrap-up", "it was prolonged already"))
        return
    assert desk.wrap_up_ends is not None
    desk.extended = True
    desk.wrap_up_ends += extension
    desk.token += 1
    state.set_timer(desk.wrap_up_ends, TimerKind.WRAP_UP_ENDS, desk)
    state.events.append(WrapUpLengthened(state.now, desk.id, desk.wrap_up_ends, fact.by))


def wrap_up_finished(state: State, fact: WrapUpFinished) -> None:
    desk = _wrapping_up(state, fact)
    if desk is not None:
        desks.end_wrap_up(state, desk, fact.by)


def _wrapping_up(state: State, fact: OperatorAction) -> Desk | None:
    desk = desks.find(state, fact)
    if desk is not None and desk.state is not OperatorState.WRAP_UP:
        state.events.append(MoveRefused(state.now, f"operator {desk.id} wrap-up", "he is not in wrap-up"))
        return None
    return desk


# --- Page and phone ------------------------------------------------------------------------------------------------


def page_opened(state: State, fact: PageOpened) -> None:
    desk = state.desks.get(fact.operator)
    if desk is None or desk.page:
        return
    first, desk.page = desk.page is None, True
    desks.back(desk.page_gone)
    if first and desk.phone is PhoneState.UNREACHABLE:
        desks.gone(state, desk.phone_gone)
    state.events.append(PageChanged(state.now, desk.id, True))


def page_lost(state: State, fact: PageLost) -> None:
    desk = state.desks.get(fact.operator)
    if desk is not None and desk.page:
        desk.page = False
        desks.gone(state, desk.page_gone)
        state.events.append(PageChanged(state.now, desk.id, False))


def restored(state: State, operators: Iterable[OperatorId]) -> None:
    """Their pages were open when we ended. They connect again by themselves, or are gone for good."""
    for id in operators:
        desk = state.desks.get(id)
        if desk is not None:
            desk.page = False
            desks.gone(state, desk.page_gone)


def too_long(state: State, absence: Absence) -> None:
    """The grace is over. While the switch cannot be seen nobody knows of any phone, so nobody is blamed for his."""
    desk = absence.desk
    if absence.reason == PHONE_LOST and not state.linked:
        desks.gone(state, absence)
        return
    if absence.reason == PAGE_LOST:
        desk.page = None
    if desk.wish is Wish.READY or desk.back_by_itself:
        desks.wish(state, desk, Wish.NOT_READY, absence.reason, SYSTEM)
