"""A small exchange behind the desks: the real engine, told by hand what the switch would tell."""

import asyncio
from collections.abc import Callable, Mapping

from acd.config.city import City
from acd.config.loader import parse
from acd.engine.board import BoardDesk
from acd.engine.core import Engine, Step
from acd.model import facts as f
from acd.model.callback import DueCallback, Window
from acd.model.commands import CallBack, ClaimCallback, Command, Offer
from acd.model.ids import CallbackId, CallId, Device, LineId, OfferId, OperatorId
from acd.web.desk import Office

CITY = parse(
    """
city: Stad Gent
defaults:
  hours: {mon-sun: 24h}
  wrap_up: 30s
lines:
  gentinfo:
    names: {nl: Gentinfo, en: Gent Info, fr: Gand Info}
    callback: {reserve: 0}
    survey:
      questions:
        courtesy: {prompt: survey-courtesy, names: {nl: Vriendelijkheid, en: Courtesy, fr: Amabilité}}
        wait: {prompt: survey-wait, names: {nl: Wachttijd, en: Waiting time, fr: Temps d’attente}}
    subjects:
      rijbewijs: {nl: Rijbewijs, en: Driving licence, fr: Permis de conduire}
      identiteit: {nl: Identiteitskaart, en: Identity card, fr: Carte d’identité}
      verhuizing: {nl: Verhuizing, en: Moving house, fr: Déménagement}
      afval: {nl: Afval, en: Waste, fr: Déchets}
      parkeren: {nl: Parkeren, en: Parking, fr: Stationnement}
  sportlijn:
    names: {nl: Sportlijn, en: Sports line, fr: Ligne sport}
operators:
  an: {name: An Peeters, device: 1001, lines: {gentinfo: 1, sportlijn: 2}}
  bo: {name: Bo Claes, device: 1002, lines: {gentinfo: 1}}
subjects:
  inlichting: {nl: Inlichting, en: Information, fr: Renseignement}
  afspraak: {nl: Afspraak, en: Appointment, fr: Rendez-vous}
  melding: {nl: Melding, en: Report, fr: Signalement}
  klacht: {nl: Klacht, en: Complaint, fr: Plainte}
reasons:
  pauze: {nl: Pauze, en: Break, fr: Pause}
  lunch: {nl: Lunch, en: Lunch, fr: Lunch}
  opleiding: {nl: Opleiding, en: Training, fr: Formation}
""".encode()
)
"""Open day and night, so that a test may run at any hour."""

MARIE = "+32470123456"


class Exchange:
    """Implements the desk's floor. Each fact is followed by what the office hears of it."""

    def __init__(self, clock: Callable[[], float], *, city: City = CITY, first_offer: int = 1) -> None:
        self.clock = clock
        self.city = city
        self.engine = Engine(city.policy, first_offer=first_offer)
        self.office: Office | None = None
        self.commands: list[Command] = []

    def desk(self, operator: OperatorId) -> BoardDesk | None:
        return self.engine.desk(operator)

    def tell(self, fact: f.Fact) -> None:
        step: Step = self.engine.handle(fact, self.clock())
        self.commands += step.commands
        if self.office is not None and step.events:
            self.office.today.apply(step.events)
            self.office.listen(step.events)

    # --- words -------------------------------------------------------------------------------------------------

    def link(self, *calls: f.CallSeen, phones: Mapping[str, f.PhoneState] | None = None) -> None:
        every = {operator.device: f.PhoneState.IDLE for operator in self.city.policy.operators.values()}
        every |= {Device(device): state for device, state in (phones or {}).items()}
        self.tell(f.SwitchSeen(calls, (), every))

    def tick(self) -> None:
        self.tell(f.Tick())

    def on_duty(self, *operators: str) -> None:
        for id in operators:
            self.tell(f.OperatorLoggedIn(OperatorId(id), "test"))
            self.tell(f.OperatorReady(OperatorId(id), "test"))

    def call(
        self,
        id: str,
        *,
        number: str | None = MARIE,
        line: str = "gentinfo",
        language: str = "nl",
        path: str = "gentinfo>loket>rijbewijs",
        waited: float = 0.0,
    ) -> None:
        """A citizen waits; whoever is free gets him."""
        now = self.clock()
        self.tell(f.CallArrived(CallId(id), now - waited, "3292101010", number))
        self.tell(f.CallQueued(CallId(id), LineId(line), now - waited, number=number, language=language, path=path))

    def ring(self) -> Offer:
        """The phone of the last offer rings."""
        offer = [command for command in self.commands if isinstance(command, Offer)][-1]
        self.tell(f.OfferDialled(offer.call, offer.offer))
        self.tell(f.OfferRinging(offer.call, offer.offer))
        return offer

    def answer(self, offer: Offer) -> None:
        self.tell(f.OfferAnswered(offer.call, offer.offer, self.clock()))

    def hang_up(self, id: str) -> None:
        self.tell(f.CallGone(CallId(id), self.clock()))

    def rings_and_is_answered(self, id: str, **more: object) -> None:
        self.call(id, **more)  # type: ignore[arg-type]
        self.answer(self.ring())

    def call_back(self, callback: str, number: str = MARIE, line: str = "gentinfo") -> OfferId:
        """A promise is due, claimed and rung at the operator's phone; he picks up."""
        now = self.clock()
        due = DueCallback(CallbackId(callback), LineId(line), Window(now - 60, now + 1740), now + 3600)
        self.tell(f.CallbacksDue((due,)))
        claim = [command for command in self.commands if isinstance(command, ClaimCallback)][-1]
        self.tell(f.CallbackClaimed(claim.callback, claim.attempt, number, "nl"))
        attempt = [command for command in self.commands if isinstance(command, CallBack)][-1].attempt
        self.tell(f.AttemptRinging(attempt))
        return attempt

    async def live(self) -> None:
        """Let time pass, until cancelled."""
        while True:
            self.tick()
            await asyncio.sleep(0.1)
