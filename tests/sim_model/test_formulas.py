"""The exact formulas give the published values."""

import pytest

from sim.formulas import erlang_a, erlang_b, erlang_c


@pytest.mark.parametrize(
    ("operators", "per_hour", "handle_time", "patience", "within", "waits", "abandons", "mean_wait", "in_time"),
    [
        (12, 252, 120, 60, 20, 0.127372281808747, 0.0296789055423734, 1.7807343325424, 0.945269575558999),
        (50, 2880, 60, 120, 20, 0.46777406855379, 0.0309122491621932, 3.70946989946319, 0.943018954746981),
        (20, 300, 240, 180, 30, 0.496327958605036, 0.0951476326130587, 17.1265738703506, 0.709557020226072),
    ],
)
def test_erlang_a(
    operators: int,
    per_hour: float,
    handle_time: float,
    patience: float,
    within: float,
    waits: float,
    abandons: float,
    mean_wait: float,
    in_time: float,
) -> None:
    found = erlang_a(operators, per_hour, handle_time, patience, within)
    assert found.waits == pytest.approx(waits, rel=1e-10)
    assert found.abandons == pytest.approx(abandons, rel=1e-10)
    assert found.mean_wait == pytest.approx(mean_wait, rel=1e-10)
    assert found.in_time == pytest.approx(in_time, rel=1e-10)


def test_erlang_c() -> None:
    quiet, busy = erlang_c(12, 252, 120), erlang_c(50, 2880, 60)
    assert quiet.waits == pytest.approx(0.1838886303935, rel=1e-12)
    assert quiet.mean_wait == pytest.approx(6.12962101311666, rel=1e-12)
    assert busy.waits == pytest.approx(0.694455611196834, rel=1e-12)
    assert busy.mean_wait == pytest.approx(20.833668335905, rel=1e-12)


def test_endless_patience_turns_erlang_a_into_erlang_c() -> None:
    patient, endless = erlang_a(12, 252, 120, 1e7, 20), erlang_c(12, 252, 120, 20)
    assert patient.waits == pytest.approx(endless.waits, rel=1e-4)
    assert patient.in_time == pytest.approx(endless.in_time, rel=1e-4)


def test_erlang_b_of_one_operator() -> None:
    assert erlang_b(1, 0.5) == pytest.approx(0.5 / 1.5)
    assert erlang_b(0, 0.5) == 1.0


def test_overload_has_no_waiting_time_without_abandonment() -> None:
    with pytest.raises(ValueError, match=r"8\.4 erlang are too much for 8 operators"):
        erlang_c(8, 252, 120)
    assert erlang_a(4, 252, 120, 60).abandons > 0.5
