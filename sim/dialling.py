"""Dial(): one phone is rung, and answers or does not."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sim.phones import NO_ANSWER, Habit, Leg, LegKind, LegState, Phone, Verdict, verdict

if TYPE_CHECKING:
    from sim.switch import SimSwitch


class Dialling:
    """The legs of a switch. What an answer or a failure leads to is the business of whoever dials."""

    def __init__(self, switch: "SimSwitch") -> None:
        self._switch = switch

    def begin(
        self, leg: Leg, ring_time: float, answered: Callable[[Leg], None], failed: Callable[[Leg, Verdict], None]
    ) -> None:
        """Send the INVITE; give up after ``ring_time`` seconds."""
        switch = self._switch
        leg.answered, leg.failed = answered, failed
        phone = switch.phones.get(leg.device)
        leg.habit = habit = self._habit(leg, phone)
        if phone is not None and phone.leg is None:
            phone.leg = leg
        switch.out.dial_begun(leg)
        if habit.ring:
            leg.state = LegState.RINGING
            switch.out.rang(leg)
            self._show(phone)
        if habit.code is None or habit.after >= ring_time:
            leg.timer = switch.time.call_at(leg.started_at + ring_time, self._timed_out, leg)
        else:
            leg.timer = switch.time.call_at(leg.started_at + habit.after, self.final, leg, habit.code)

    def final(self, leg: Leg, code: int) -> None:
        """The phone's final SIP answer. It comes too late for a caller who is hanging up."""
        self._untime(leg)
        if leg.call is not None and leg.call.dying:
            return
        if code == 200:
            leg.state = LegState.UP
            self._show(self._switch.phones.get(leg.device))
            if leg.answered is not None:
                leg.answered(leg)
        else:
            why = verdict(code)
            self._switch.out.leg_hangs_up(leg, why)
            self._fail(leg, why)

    def cancel(self, leg: Leg) -> None:
        """The caller is taken away, or goes: CANCEL to the phone."""
        self._switch.out.dial_ended(leg, "CANCEL")

    def end(self, leg: Leg, cause: int = 16, tech: int | None = None) -> None:
        """The channel is gone, and the phone is free again."""
        self._untime(leg)
        leg.answered = leg.failed = None
        self._switch.recorder.end(leg)
        self._switch.out.leg_over(leg, cause, tech)
        self._switch.spying.left(leg)
        phone = self._switch.phones.get(leg.device)
        if phone is not None and phone.leg is leg:
            phone.leg = None
            if leg.kind is LegKind.FALLBACK and leg.state is LegState.UP:
                phone.free_at = self._switch.time.now()
            self._show(phone)
            phone.hands.parted(leg)
        elif leg.kind is LegKind.PARTNER:
            self._switch.partner.parted(leg)

    def forget(self, leg: Leg) -> None:
        """Asterisk is dead, and nobody is told."""
        self._untime(leg)
        leg.answered = leg.failed = None
        phone = self._switch.phones.get(leg.device)
        if phone is not None and phone.leg is leg:
            phone.leg = None
            phone.shown = phone.device_state()
            phone.hands.parted(leg)

    def _habit(self, leg: Leg, phone: Phone | None) -> Habit:
        if leg.kind is LegKind.CITIZEN:
            return self._switch.public.invited(leg)
        return self._switch.partner.invited(leg) if phone is None else phone.invited(leg)

    def _timed_out(self, leg: Leg) -> None:
        self._untime(leg)
        if leg.call is not None and leg.call.dying:
            return
        if leg.kind is LegKind.ORIGINATED:
            # Trace 33: no DialEnd, and a cause as if the phone had said 480.
            if leg.failed is not None:
                leg.failed(leg, NO_ANSWER)
            self.end(leg, 19, 480)
        else:
            self._fail(leg, NO_ANSWER)

    def _fail(self, leg: Leg, why: Verdict) -> None:
        self._switch.out.dial_ended(leg, why.dial_end)
        if leg.failed is not None:
            leg.failed(leg, why)
        self.end(leg, why.cause, why.tech)

    def _untime(self, leg: Leg) -> None:
        if leg.timer is not None:
            leg.timer.cancel()
            leg.timer = None

    def _show(self, phone: Phone | None) -> None:
        if phone is not None:
            self._switch.show(phone)
