"""A floor to look at and to act on: a real engine for the city of ``queues.yaml``, told by hand what happens."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from acd.config import City, load
from acd.engine.board import Board
from acd.engine.core import Engine
from acd.model import facts as f
from acd.model.commands import Command, Offer, PlanCallback
from acd.model.events import Event
from acd.model.ids import CallId, Device, LineId, OperatorId
from acd.model.supervision import Objection, SpyMode

QUEUES = Path(__file__).parents[2] / "queues.yaml"
MIDNIGHT = 12 * 3600.0
"""Seconds to go; it is noon."""
MESSAGES = {
    "crisis-flood": {"nl": "Er is wateroverlast in de stad.", "en": "There is flooding.", "fr": "Inondations."},
    "crisis-storm": {"nl": "Door de storm zijn de parken dicht.", "en": "The parks are closed.", "fr": "Tempête."},
}


class Floors:
    """Implements :class:`acd.web.floor.Floor`."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._city = load(QUEUES)
        self.engine = Engine(self._city.policy)
        self.commands: list[Command] = []
        self.events: list[Event] = []
        self._happens(f.SwitchSeen((), (), dict.fromkeys(self.devices(), f.PhoneState.IDLE)))

    def devices(self) -> list[Device]:
        return [operator.device for operator in self._city.policy.operators.values()]

    def _happens(self, fact: f.Fact) -> list[Command]:
        step = self.engine.handle(fact, self.now)
        self.commands += step.commands
        self.events += step.events
        for command in step.commands:
            if isinstance(command, PlanCallback):
                # This keeper has nothing to promise.
                self._happens(f.CallbackPlanned(command.call, None))
        return step.commands

    # --- Floor ----------------------------------------------------------------------------------------------------

    def board(self) -> Board:
        return self.engine.board(self.now)

    def city(self) -> City:
        return self._city

    def tell(self, fact: f.Fact) -> Objection | None:
        why = self.engine.objection(fact)
        if why is None:
            if isinstance(fact, f.OperatorLinesSet) and fact.lines is not None:
                fact = msgspec.structs.replace(fact, until=self.now + MIDNIGHT)
            self._happens(fact)
        return why

    async def written(self) -> None: ...

    async def crisis_messages(self) -> Mapping[str, Mapping[str, str]]:
        return MESSAGES

    # --- What happens ---------------------------------------------------------------------------------------------

    def on_duty(self, *operators: str) -> None:
        for name in operators:
            self._happens(f.OperatorLoggedIn(OperatorId(name), name))
            self._happens(f.OperatorReady(OperatorId(name), name))

    def call(self, id: str, line: str, waited: float = 0.0, number: str | None = "+3292345678") -> None:
        at = self.now - waited
        self._happens(f.CallArrived(CallId(id), at - 20, "3292101010", number))
        self._happens(f.CallQueued(CallId(id), LineId(line), at, number))

    def ring(self) -> Offer:
        """The phone of the last offer rings."""
        offer = [command for command in self.commands if isinstance(command, Offer)][-1]
        self._happens(f.OfferDialled(offer.call, offer.offer))
        self._happens(f.PhoneChanged(offer.device, f.PhoneState.BUSY))
        self._happens(f.OfferRinging(offer.call, offer.offer))
        return offer

    def answer(self) -> Offer:
        offer = self.ring()
        self._happens(f.OfferAnswered(offer.call, offer.offer, self.now))
        return offer

    def hang_up(self, call: str) -> None:
        self._happens(f.CallGone(CallId(call), self.now))

    def fact(self, fact: f.Fact) -> None:
        """Whatever else the switch says."""
        self._happens(fact)


def busy_floor(now: float) -> Floors:
    """Noon of a busy day: some talk, some wait, two lines are switched by hand, one operator is lent, one is heard."""
    floor = Floors(now - 300)
    for n, name in enumerate(("an_peeters", "bart_maes", "chloe_dubois", "dirk_claes", "elif_yilmaz")):
        floor.on_duty(name)
        floor.call(f"1700564100.{n}", "sportlijn" if name == "elif_yilmaz" else "gentinfo")
        floor.answer()
        floor.now += 31
    floor.on_duty("fatima_amrani")
    floor.call("1700564200.1", "lez")
    floor.answer()
    floor.hang_up("1700564200.1")
    for name, reason, by in (("geert_willems", "lunch", "geert_willems"), ("hanne_jacobs", "overleg", "sven")):
        floor.on_duty(name)
        floor.fact(f.OperatorNotReady(OperatorId(name), by, reason))
    floor.tell(f.OperatorLinesSet(OperatorId("karel_smet"), (LineId("gentspoort"), LineId("bjb")), "sven"))
    floor.on_duty("karel_smet")
    floor.tell(f.LineSwitched(LineId("toerisme"), False, "sven"))
    floor.tell(f.LineSwitched(LineId("nachtopvang"), True, "sven"))
    floor.on_duty("tine_de_backer")
    floor.fact(f.OperatorNotReady(OperatorId("tine_de_backer"), "tine_de_backer", "coaching"))
    floor.now = now
    floor.on_duty("ibrahim_demir")
    floor.call("1700564300.1", "gentinfo", 84, "+3292101012")
    floor.ring()
    for n, (line, waited, number) in enumerate(WAITING):
        floor.call(f"1700564310.{n}", line, waited, number)
    floor.fact(f.CallbackHeard(CallId("1700564310.1"), now - 8))
    floor.tell(f.SpyWanted(OperatorId("chloe_dubois"), Device("1020"), SpyMode.WHISPER, "sven"))
    floor.fact(f.SpyBegan(floor.engine.board(now).spies[0].spy, now))
    return floor


WAITING = (
    ("gentinfo", 71.0, "+32470112233"),
    ("gentinfo", 62.0, "+3293334455"),
    ("sportlijn", 40.0, None),
    ("gentinfo", 24.0, "+32499887766"),
    ("lez", 12.0, "+3292223344"),
)
