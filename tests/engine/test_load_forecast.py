"""The forecast of the half-hour is the weight of a line in the fixed queue ratio."""

from collections.abc import Mapping

import pytest

from acd.model import facts as f
from acd.model.ids import LineId
from tests.engine.house import House, line, operator, policy

INFO, SPORT, NEW = LineId("info"), LineId("sport"), LineId("new")
BOTH = policy(
    [line("info", calls_per_day=100.0), line("sport", calls_per_day=20.0)], [operator("anna", "1001", info=1, sport=1)]
)


def first_served(*forecasts: Mapping[LineId, float], reload: bool = False) -> str:
    """One caller waits on each line when the one operator comes: whose line exceeds its share the most?"""
    house = House(BOTH)
    for calls in forecasts:
        house.tell(f.LoadForecast(calls))
    if reload:
        house.tell(f.PolicyChanged(BOTH))
    house.call("on_info", "info")
    house.call("on_sport", "sport")
    house.on_duty("anna")
    return house.last_offer().call


@pytest.mark.parametrize(
    ("forecasts", "served"),
    [
        ([], "on_sport"),
        ([{INFO: 1.0, SPORT: 9.0}], "on_info"),
        ([{INFO: 1.0, SPORT: 9.0}, {INFO: 9.0, SPORT: 1.0}], "on_sport"),
        # A line that the forecast does not know: it is older than the settings.
        ([{SPORT: 9.0}], "on_sport"),
        ([{INFO: 1.0, SPORT: 9.0, NEW: 3.0}], "on_info"),
    ],
)
def test_a_line_of_which_more_is_expected_may_have_more_waiting(
    forecasts: list[Mapping[LineId, float]], served: str
) -> None:
    assert first_served(*forecasts) == served


def test_a_reload_keeps_the_forecast() -> None:
    assert first_served({INFO: 1.0, SPORT: 9.0}, reload=True) == "on_info"


def test_a_half_hour_without_any_calls_is_no_fault() -> None:
    assert first_served({INFO: 0.0, SPORT: 0.0}) in ("on_info", "on_sport")
