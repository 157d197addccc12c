"""What does the promise of the 150 seconds bring? ``python -m bench.callbacks``

A normal week, a week with a double Monday, a week with flu on Tuesday, and those two days alone; each without
callbacks, with the offer at the line's limit, and with the early offer too. All three see the same callers. Prints
tables in Markdown: means per day with 95 % confidence intervals, and the differences with no callbacks, in pairs.

Callers who accept leave the queue, and they are those with the longest waits: what remains is answered more often even
if nothing became better. So the same callers are also followed through both worlds: those who were not called back.
"""

import argparse
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from acd.model.events import CallStarted, Event, OutcomeCounted
from acd.model.ids import CallId, LineId
from acd.model.outcome import Outcome
from sim.changes import changed
from sim.model.collector import Collector
from sim.model.figures import LineFigures
from sim.model.replications import CORES
from sim.model.setup import Setup
from sim.model.statistics import Estimate, difference, estimate, ratio_of_sums
from sim.model.world import World
from sim.scenario import find, read

SETTINGS: Final = {"off": "callback never", "at 150 s": "callback late", "at 150 s + early": "callback early"}
DAY: Final = 86400.0

Fates = dict[tuple[float, LineId], Outcome]
"""What became of each caller: by moment of arrival and line."""


class Run(NamedTuple):
    figures: LineFigures
    fates: Fates


def situations() -> dict[str, Setup]:
    """What is simulated, by name."""
    week, double, flu = (read(find(f"callback_{name}")).setup for name in ("week", "double_day", "flu"))
    return {
        "normal week": week,
        "week with a double Monday": double,
        "the double Monday alone": replace(double, days=4, cool_down=3),
        "week with flu on Tuesday": flu,
        "the Tuesday of the flu alone": replace(flu, days=5, cool_down=3, warm_up=DAY),
    }


def live_through(job: tuple[Setup, int]) -> Run:
    """One replication."""
    setup, seed = job
    since, until = setup.counted
    collector = Collector(setup.policy, since, until)
    arrived: dict[CallId, float] = {}
    fates: Fates = {}

    def listen(events: list[Event]) -> None:
        collector.listen(events)
        for event in events:
            if isinstance(event, CallStarted):
                arrived[event.call] = event.arrived_at
            elif isinstance(event, OutcomeCounted):
                at = arrived.pop(event.call)
                if event.line is not None and event.waited is not None and since <= at < until:
                    fates[at, event.line] = event.outcome

    world = World(setup, seed, listen)
    world.run()
    figures = collector.result(world.citizens)
    if world.keeper is not None:
        for line, promises in world.keeper.result(since, until).items():
            figures.lines[line].promises = promises
    return Run(figures.all_lines, fates)


def stayed(run: Run, off: Run) -> tuple[float, float]:
    """Share answered of the callers who were not called back, with callbacks and without: the same people."""
    both = [key for key, fate in run.fates.items() if key in off.fates and fate is not Outcome.CALLBACK_ACCEPTED]
    return tuple(sum(one.fates[key] is Outcome.ANSWERED for key in both) / len(both) for one in (run, off))  # type: ignore[return-value]


# --- On paper -------------------------------------------------------------------------------------------------------


def share(value: Estimate | None, *, signed: bool = False) -> str:
    if value is None:
        return "-"
    unit = " pt" if signed else " %"
    return f"{value.mean * 100:{'+' if signed else ''}.1f}{unit} ± {value.half * 100:.1f}"


def count(value: Estimate | None, *, signed: bool = False) -> str:
    return "-" if value is None else f"{value.mean:{'+' if signed else ''}.1f} ± {value.half:.1f}"


def against(runs: Sequence[Run], off: Sequence[Run], of: Callable[[LineFigures], float | None]) -> Estimate | None:
    return difference([of(run.figures) for run in runs], [of(run.figures) for run in off])


def report(name: str, found: dict[str, list[Run]], days: float) -> None:
    off = found["off"]
    print(f"\n### {name[0].upper()}{name[1:]}\n")
    print(
        "| offer | citizens reached | difference | spoken with per day | difference | live: answered | live: in time |"
    )
    print("|---|---|---|---|---|---|---|")
    for setting, runs in found.items():
        lines = [run.figures for run in runs]
        reached = share(estimate(line.reached for line in lines))
        spoken = count(estimate(line.spoken / days for line in lines))
        more = share(against(runs, off, lambda line: line.reached), signed=True)
        spoken_more = count(against(runs, off, lambda line: line.spoken / days), signed=True)
        if runs is off:
            more = spoken_more = ""
        live = share(estimate(line.total.reachability for line in lines))
        level = share(estimate(line.total.service_level for line in lines))
        print(f"| {setting} | {reached} | {more} | {spoken} | {spoken_more} | {live} | {level} |")
    print("\n| offer | live: in time, difference | the same callers: answered, difference | accepted per day | kept | "
          "never picked up | broken |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for setting, runs in found.items():
        if runs is off:
            continue
        promises = [run.figures.promises for run in runs]
        level = share(against(runs, off, lambda line: line.total.service_level), signed=True)
        pairs = [stayed(run, base) for run, base in zip(runs, off, strict=True)]
        same = share(estimate(now - was for now, was in pairs), signed=True)
        kept = ratio_of_sums([one.kept for one in promises], [one.fallen_due for one in promises])
        accepted = count(estimate(one.accepted / days for one in promises))
        due = sum(one.fallen_due for one in promises)
        unanswered, broken = sum(one.unanswered for one in promises), sum(one.broken for one in promises)
        print(
            f"| {setting} | {level} | {same} | {accepted} | {share(kept)} | {unanswered} of {due} | {broken} of {due} |"
        )


def main() -> None:
    words = argparse.ArgumentParser(description="What callbacks bring, on the very same callers.")
    words.add_argument("--replications", type=int, default=20)
    words.add_argument("--cores", type=int, default=CORES)
    given = words.parse_args()
    with multiprocessing.get_context("spawn").Pool(given.cores) as pool:
        for name, setup in situations().items():
            variants = {setting: changed(setup, change) for setting, change in SETTINGS.items()}
            jobs = [(variant, seed) for variant in variants.values() for seed in range(1, given.replications + 1)]
            runs = pool.map(live_through, jobs, chunksize=1)
            n = given.replications
            found = {setting: runs[k * n : (k + 1) * n] for k, setting in enumerate(variants)}
            report(name, found, setup.counted_days - setup.warm_up / DAY)


if __name__ == "__main__":
    main()
