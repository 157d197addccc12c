import math

from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Double, create_engine, literal, select

from acd.records.floor import floor

NUMBERS = st.floats(min_value=-1e12, max_value=1e12)
SQLITE = create_engine("sqlite://")


@given(NUMBERS)
@example(-0.5)
@example(-2.0)
@example(2.0)
def test_sqlite_finds_the_whole_number_below_by_itself(number: float) -> None:
    with SQLITE.connect() as connection:
        assert connection.scalar(select(floor(literal(number, Double)))) == math.floor(number)


def test_nothing_known_stays_unknown() -> None:
    with SQLITE.connect() as connection:
        assert connection.scalar(select(floor(literal(None, Double)))) is None
