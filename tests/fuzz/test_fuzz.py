"""Each parser of what comes from outside, on mangled input: the short form of ``python -m fuzz``."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.seeds import NAMES, found, seeds
from fuzz.targets import TARGETS

PIECES = [b"\r\n", b"\r\n\r\n", b"\n", b"\0", b"\xff\xfe", b": ", b"|", b"${", b"&", b"\\", b"-", b"0" * 40]


@st.composite
def mangled(draw: st.DrawFn, target: str) -> bytes:
    """A good input with pieces cut out, put in, moved or doubled; or anything at all."""
    good = draw(st.sampled_from([*seeds(target), b""]))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(good)))
        match draw(st.integers(0, 3)):
            case 0:
                good = good[:at] + good[at + draw(st.integers(1, 60)) :]
            case 1:
                good = good[:at] + draw(st.sampled_from(PIECES)) + good[at:]
            case 2:
                to = draw(st.integers(0, len(good)))
                good = good[:at] + good[to : to + 80] + good[at:]
            case _:
                good = good[:at] + draw(st.binary(max_size=8)) + good[at:]
    return good


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_input_breaks_a_parser(target: str, data: st.DataObject) -> None:
    TARGETS[target](data.draw(mangled(target)))


@pytest.mark.parametrize("target", TARGETS)
def test_what_broke_it_once_does_not_again(target: str) -> None:
    for content in [*seeds(target), *found(target)]:
        TARGETS[target](content)


def test_the_runner_knows_every_target() -> None:
    assert tuple(TARGETS) == NAMES
