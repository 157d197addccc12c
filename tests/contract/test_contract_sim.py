"""The contract, on the simulated switch at both heights."""

import asyncio

import pytest

from sim.loop_time import VirtualLoop
from tests.contract.language import Either, Scenario
from tests.contract.play import Play
from tests.contract.scenarios import SCENARIOS
from tests.contract.sim_stage import Direct, OverAmi, SimStage


@pytest.mark.parametrize("front", [Direct, OverAmi], ids=["facts", "ami"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_contract(scenario: Scenario, front: type[Direct] | type[OverAmi]) -> None:
    async def play() -> None:
        async with SimStage(scenario, front) as stage:
            await Play(scenario, stage).run()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(play())


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_both_heights_tell_the_same(scenario: Scenario) -> None:
    """Word for word, of every caller, every phone and the link, also where the story does not look."""

    async def play(front: type[Direct] | type[OverAmi]) -> dict[str, list[str]]:
        async with SimStage(scenario, front) as stage:
            acted = Play(scenario, stage)
            await acted.run()
            return {who: sorted(words) if who in loose else words for who, words in acted.told().items()}

    loose = {who for who, story in scenario.story.items() if any(isinstance(part, Either) for part in story)}
    told = []
    for front in (Direct, OverAmi):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            told.append(runner.run(play(front)))
    assert told[0] == told[1]
