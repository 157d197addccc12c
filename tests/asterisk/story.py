"""Facts as a story that a person can check against the description of the trace."""

from collections.abc import Iterable
from string import ascii_uppercase

from acd.model import facts as f


class Teller:
    """Names callers A, B, C, ... in the order in which they appear."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def line(self, t: float, fact: f.Fact) -> str:
        return f"{t:7.2f}  {self._tell(fact)}"

    def _name(self, call: str) -> str:
        letter = ascii_uppercase[len(self._names) % 26]
        return self._names.setdefault(call, letter if len(self._names) < 26 else f"{letter}{len(self._names) // 26}")

    def _tell(self, fact: f.Fact) -> str:
        match fact:
            case f.CallQueued():
                return f"{self._name(fact.call)} queued on {fact.line}, number {fact.number}"
            case f.OfferDialled():
                return f"{self._name(fact.call)} offer {fact.offer} dialled"
            case f.OfferRinging():
                return f"{self._name(fact.call)} offer {fact.offer} rings"
            case f.OfferAnswered():
                return f"{self._name(fact.call)} offer {fact.offer} answered"
            case f.OfferFailed():
                return f"{self._name(fact.call)} offer {fact.offer} failed: {fact.how}"
            case f.FallbackAnswered():
                return f"{self._name(fact.call)} answered in the fallback by {fact.device}"
            case f.TalkEnded():
                return f"{self._name(fact.call)} talk ended"
            case f.TalkHeld():
                return f"{self._name(fact.call)} on hold"
            case f.TalkResumed():
                return f"{self._name(fact.call)} off hold"
            case f.TalkTransferred():
                return f"{self._name(fact.call)} passed on to {fact.to or 'somebody'}, {fact.how}"
            case f.ColleagueAnswered():
                return f"{self._name(fact.call)} speaks with {fact.device}"
            case f.CallGone():
                return f"{self._name(fact.call)} gone{', overflowing' if fact.overflowing else ''}"
            case f.PhoneChanged():
                return f"phone {fact.device} {fact.state}"
            case f.SwitchSeen():
                return "\n".join([f"seen: {len(fact.calls)} calls", *(self._seen(seen) for seen in fact.calls)])
            case _:
                return repr(fact)

    def _seen(self, seen: f.CallSeen) -> str:
        entered = f" since {seen.entered_at:.3f}" if seen.entered_at is not None else ""
        offer = f", offer {seen.offer} at {seen.device}" if seen.offer else ""
        return f"           {self._name(seen.call)} {seen.where} on {seen.line}{entered}{offer}"


def story(facts: Iterable[tuple[float, f.Fact]]) -> str:
    teller = Teller()
    return "".join(teller.line(t, fact) + "\n" for t, fact in facts)
