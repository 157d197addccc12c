"""The contract, on the real Asterisk 22: the same scenarios, the same stories."""

from collections.abc import Iterator

import msgspec
import pytest

from acd.ivr.catalogue import NEEDED, SURVEY_FRAME
from acd.ivr.spoken import spoken
from acd.model.facts import CallWhereabouts as At
from acd.model.ids import LineId
from acd.model.policy import Policy
from sim.lab import Lab, lab_policy
from sim.lab.asterisk import NUMBERS
from sim.lab.sound import tone
from tests.contract.language import LINES, IsAt, Scenario
from tests.contract.play import Play
from tests.contract.real_stage import EXPLAINED, PARTNER, RealStage
from tests.contract.recorded import RECORDINGS
from tests.contract.scenarios import SCENARIOS
from tests.contract.surveyed import SURVEYS

pytestmark = pytest.mark.asterisk

PROMPTS = ("closed", "crisis-1", "full", "maintenance", "partner", "position-3", "wait-2-5")
SURVEY_PROMPTS = (*SURVEY_FRAME, *(asked.prompt for rule in SURVEYS.values() for asked in rule.questions.values()))
SHORT = (
    *(id for id in NEEDED if id.startswith("cb-")),
    "invalid-key",
    "fallback",
    "recording",
    *SURVEY_PROMPTS,
    *spoken("nl"),
)
"""The dialogue is put together from many of them: each is a tenth of a second."""


def policy() -> Policy:
    """Without wrap-up: in Queue() the phone of one scenario would rest during the next."""
    plain = lab_policy({line: line.title() for line in LINES}, wrap_up=0)
    lines = {
        id: msgspec.structs.replace(line, survey=SURVEYS.get(id), recording=RECORDINGS.get(id))
        for id, line in plain.lines.items()
    }
    return msgspec.structs.replace(plain, lines=lines)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One for all scenarios."""
    sounds = tmp_path_factory.mktemp("sounds")
    for name in PROMPTS:
        tone(sounds / "nl/acd" / f"{name}.wav", 440, 0.6)
    for name in SHORT:
        tone(sounds / "nl/acd" / f"{name}.wav", 660, 0.1)
    with Lab(policy(), sounds=sounds, partners={LineId("gentinfo"): "+3290000000"}) as lab:
        yield lab
        assert lab.complaints(EXPLAINED) == []


def confirmation(scenario: Scenario, lab: Lab) -> None:
    """Where a scenario looks for him while his promise is confirmed, that takes long enough to be seen."""
    looks = any(isinstance(step, IsAt) and step.where is At.BOOKED for step in scenario.steps)
    tone(lab.folder / "data/sounds/nl/acd/cb-booked.wav", 660, 3.0 if looks else 0.1)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_contract(scenario: Scenario, lab: Lab) -> None:
    confirmation(scenario, lab)
    async with RealStage(scenario, lab) as stage:
        await Play(scenario, stage).run()


async def test_the_operator_sees_whom_he_calls_back_and_the_citizen_sees_the_city(lab: Lab) -> None:
    scenario = next(s for s in SCENARIOS if s.name == "operator and citizen speak, the citizen hangs up")
    async with RealStage(scenario, lab) as stage:
        await Play(scenario, stage).run()
        shown = stage.invite("1001").get("from")
        assert shown.startswith('"Terugbellen Gentinfo" <sip:+32470000002@')
        assert f"<sip:{NUMBERS['gentinfo']}@" in stage.invite(PARTNER).get("from")
