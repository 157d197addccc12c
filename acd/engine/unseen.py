"""For how long nothing could be seen: a fold over the events, by the rules of the records."""

from collections.abc import Iterable

from acd.model.events import CallRepaired, Event, LinkCameUp, LinkWentDown, PhoneReported


class Unseen:
    """Times without sight. Moments are seconds since the epoch."""

    def __init__(self) -> None:
        self._gaps: list[tuple[float | None, float | None]] = []
        """From, None = nothing was seen before; until, None = it lasts."""
        self._seen_at: float | None = None
        """The last sign of life of the switch."""

    def recall(self, gaps: Iterable[tuple[float | None, float | None]]) -> None:
        """What the records know of these times, in their order: they may have begun before what was folded."""
        self._gaps = list(gaps)

    def apply(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case LinkWentDown() if not self._lasts:
                    self._gaps.append((event.at, None))
                case LinkCameUp():
                    # A link that comes up without having gone down: we were not running.
                    began = self._gaps.pop()[0] if self._lasts else self._seen_at
                    self._gaps.append((began, event.at))
                    self._seen_at = event.at
                case PhoneReported():
                    self._seen_at = event.at
                case CallRepaired():
                    pass
                case _ if getattr(event, "call", None) is not None:
                    self._seen_at = event.at
                case _:
                    pass

    @property
    def _lasts(self) -> bool:
        return bool(self._gaps) and self._gaps[-1][1] is None

    def forget(self, before: float) -> None:
        """What ended before then tells nothing any more."""
        self._gaps = [gap for gap in self._gaps if gap[1] is None or gap[1] > before]

    def seconds(self, since: float, until: float) -> float:
        """Of the time from ``since`` to ``until``."""
        overlaps = (
            min(until, until if ended is None else ended) - max(since, since if began is None else began)
            for began, ended in self._gaps
        )
        return sum(max(0.0, seconds) for seconds in overlaps)
