"""One Asterisk for all tests of this folder that do not restart it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from acd.model.ids import LineId
from sim.lab import Lab
from sim.lab.sound import tone
from tests.lab.stub import NONCE, Stub, stub

PROMPTS = {"crisis-storm": 1000, "position-1": 1400, "full": 1800, "maintenance": 2200, "partner": 2600}
"""Each prompt of the lab is a tone of its own, so that a test can tell what a caller heard. Hertz."""

KNOWN_COMPLAINTS = (
    "Could not create dialog to invalid URI",  # A phone that is not registered.
    "Failed to create outgoing session",
    "but target does not exist",  # A REFER that was refused.
    "PJSIP syntax error exception",  # A datagram that is no SIP.
    "channel.c: name must be provided",  # An action that needs a channel and names none.
    "pbx_functions.c: Function",  # One that the engine's account must not reach.
    "pbx_functions.c: Dangerous function",  # Likewise.
    "Session already DISCONNECTED [reason=487",  # A caller who hung up before he was answered.
    "res_musiconhold.c: Failed to write frame",  # A caller who hung up as the music began.
    "Abnormal 'Gosub(acd-up,s,1)' exit",  # A phone that hangs up in the moment of its answer.
    "Return without Gosub",  # Whoever enters a context in its middle, with an account's name of his own.
    "There's no manager user called",
    "Not enough buffer space in pjsip_hdr_print_on",  # A name of 4 KB.
    "had invalid UTF-8 sequences which were replaced",  # A name in Latin-1.
)


@pytest.fixture(scope="session")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    for name, hertz in PROMPTS.items():
        tone(folder / "nl/acd" / f"{name}.wav", hertz, 0.6)
    return folder


@pytest.fixture(scope="session")
def lab(prompts: Path) -> Iterator[Lab]:
    with Lab(sounds=prompts, partners={LineId("gentinfo"): "+3290000000"}) as lab:
        yield lab
        assert not lab.complaints(KNOWN_COMPLAINTS)


@pytest.fixture
async def engine(lab: Lab) -> AsyncIterator[Stub]:
    """A stub engine on the lab's Asterisk. Nothing may be left of the calls that it moved."""
    async with stub(lab) as engine:
        await engine.setvar("ACD_NONCE", NONCE)
        yield engine
        await engine.quiet(lab)
