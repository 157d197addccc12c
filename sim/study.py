"""What ``sim run`` and ``sim compare`` do: replications of setups, with a progress bar, on the same callers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from acd.model.ids import LineId
from sim.changes import changed, next_skills
from sim.model.figures import Figures
from sim.model.replications import CORES, RouterOf, replications
from sim.model.setup import Setup
from sim.model.statistics import Estimate
from sim.results import Summary, answered_more, change, summary

Progress = Callable[[int, int], None]
"""Is told how many replications are done, and of how many."""

SCREEN: Final = 8
"""Replications with which every possible skill is tried; the best of them are then tried with all."""
FINALISTS: Final = 8
PROMISED: Final = ("spoken", "reached", "kept", "broken")
"""What counts besides where citizens are called back."""


class Gain(msgspec.Struct, frozen=True, kw_only=True):
    """What a change brings, on the same callers."""

    answered: Estimate | None
    """Calls answered more per day."""
    reachability: Estimate | None
    service_level: Estimate | None
    asa: Estimate | None
    """Seconds."""
    spoken: Estimate | None = None
    """Citizens spoken with more per day, live or called back in time. None, and so the next: nobody is called back,
    neither before nor after; who is called back is not answered, and yet not lost."""
    reached: Estimate | None = None
    kept: Estimate | None = None
    """Of shares; also None when nothing was promised before or after."""
    broken: Estimate | None = None
    """Promises broken more per day."""

    @property
    def deferring(self) -> bool:
        """Somebody is called back, before or after."""
        return self.spoken is not None


class LineGain(Gain, frozen=True, kw_only=True):
    """To one line."""

    line: LineId
    names: Mapping[str, str]


class Difference(Gain, frozen=True, kw_only=True):
    """One change, and what it brings."""

    change: str
    lines: list[LineGain]
    after: Summary
    """The figures with the change."""


class Comparison(msgspec.Struct, frozen=True):
    """A scenario as it is, and changed."""

    before: Summary
    changes: list[Difference]


def quiet(done: int, total: int) -> None:
    """No progress bar."""


def run(
    setups: Sequence[Setup],
    count: int,
    seed: int,
    *,
    router: RouterOf | None = None,
    cores: int = CORES,
    progress: Progress = quiet,
) -> list[list[Figures]]:
    """``count`` replications of each setup; the n-th of each sees the same callers."""
    jobs = [(setup, seed + n, router) for n in range(count) for setup in setups]
    found: list[list[Figures]] = [[] for _ in setups]
    for n, figures in enumerate(replications(jobs, min(cores, len(jobs)))):
        found[n % len(setups)].append(figures)
        progress(n + 1, len(jobs))
    return found


def compare(
    setup: Setup, changes: Sequence[str], count: int, seed: int, *, cores: int = CORES, progress: Progress = quiet
) -> tuple[list[Figures], list[Difference]]:
    """The setup as it is, and what each change brings.

    Raises:
        BadChange: one of the changes cannot be.
    """
    variants = [changed(setup, words) for words in changes]
    base, *others = run([setup, *variants], count, seed, cores=cores, progress=progress)
    found = [
        _difference(words, runs, base, variant) for words, runs, variant in zip(changes, others, variants, strict=True)
    ]
    return base, found


def best_skills(
    setup: Setup, count: int, seed: int, *, cores: int = CORES, progress: Progress = quiet
) -> list[Difference]:
    """Who should learn which line, the best first: all that is possible with few replications, the best with all."""
    variants = {words: changed(setup, words) for words in next_skills(setup)}
    base, *others = run([setup, *variants.values()], min(SCREEN, count), seed, cores=cores, progress=progress)
    brought = [_spoken(_brings(None, runs, base, setup)) for runs in others]
    screened = sorted(zip(brought, variants, strict=True), key=lambda one: _mean(one[0]), reverse=True)
    finalists = [words for _, words in screened[:FINALISTS]]
    # New callers: else luck in the first round would count as merit.
    _, best = compare(setup, finalists, count, seed + SCREEN, cores=cores, progress=progress)
    return sorted(best, key=lambda found: _mean(_spoken(msgspec.structs.asdict(found))), reverse=True)


def _spoken(gain: Mapping[str, Estimate | None]) -> Estimate | None:
    """Citizens spoken with, where nobody is called back: answered."""
    return gain["answered"] if gain["spoken"] is None else gain["spoken"]


def _mean(found: Estimate | None) -> float:
    return found.mean if found is not None else 0.0


def _difference(words: str, after: Sequence[Figures], before: Sequence[Figures], setup: Setup) -> Difference:
    lines = [
        LineGain(line=id, names=line.names, **_brings(id, after, before, setup))
        for id, line in setup.policy.lines.items()
    ]
    whole = _brings(None, after, before, setup)
    return Difference(change=words, lines=lines, after=summary(after, setup), **whole)


def _brings(
    line: LineId | None, after: Sequence[Figures], before: Sequence[Figures], setup: Setup
) -> dict[str, Estimate | None]:
    """The fields of a :class:`Gain`."""
    now, was = ([run.of(line) for run in runs] for runs in (after, before))
    keys = ["reachability", "service_level", "asa"]
    called_back = any(figures.promises.accepted for figures in (*now, *was))
    gains = {key: change(key, now, was, setup.counted_days) for key in (*keys, *PROMISED)}
    gains = {key: gain if key in keys or called_back else None for key, gain in gains.items()}
    return {"answered": answered_more(now, was, setup.counted_days), **gains}
