"""The table of figures is whole, and the documentation tells it."""

from pathlib import Path

import pytest

from acd.figures.catalogue import catalogue
from acd.figures.report import Meaning, UnknownFigure, read_ref, read_refs
from acd.figures.rows import CallFact, Population, PromiseFact, TalkFact
from acd.figures.table import DASHBOARD, FIGURES, NORMS, Kind
from acd.figures.terms import fields
from acd.model.outcome import Outcome

DOCS = Path(__file__).parents[2] / "docs" / "figures.md"
ROWS = {
    Population.CALLS: CallFact,
    Population.CITIZENS: CallFact,
    Population.TALKS: TalkFact,
    Population.PROMISES: PromiseFact,
}


@pytest.mark.parametrize("figure", FIGURES.values(), ids=lambda figure: figure.id)
def test_a_figure_looks_at_fields_that_its_rows_have_and_is_named_in_three_languages(figure) -> None:  # type: ignore[no-untyped-def]
    assert figure.nl and figure.en and figure.fr and figure.formula
    if figure.population is Population.TIME:
        assert set(figure.states[0]) < set(figure.states[1])
        return
    known = set(ROWS[figure.population].__struct_fields__)
    assert {*fields(figure.part), *fields(figure.of)} <= known
    assert (figure.value in known) is (figure.kind in (Kind.MEAN, Kind.LONGEST))


def test_every_outcome_has_its_count() -> None:
    apart = {Outcome.ANSWERED, Outcome.ABANDONED, Outcome.ABANDONED_SHORT}
    assert {outcome.value for outcome in Outcome} - {outcome.value for outcome in apart} <= set(FIGURES)


def test_the_documentation_is_the_catalogue() -> None:
    """Made anew by: acd report --list."""
    assert DOCS.read_text("utf-8").endswith(catalogue())


def test_a_figure_is_read_with_and_without_seconds() -> None:
    ref = read_ref("service_level@20")
    assert (ref.key, ref.seconds) == ("service_level@20", 20.0)
    assert Meaning.of(ref).formula == "A_t / (A + B - s), t = 20 s"
    assert [ref.key for ref in read_refs([])] == list(DASHBOARD)
    assert [read_ref(norm.figure).key for norm in NORMS] == [norm.figure for norm in NORMS]


@pytest.mark.parametrize("text", ["", "luck", "reachability@20", "service_level@", "service_level@x", "asa@-1"])
def test_what_is_no_figure_is_told(text: str) -> None:
    with pytest.raises(UnknownFigure, match="there are: offered, answered"):
        read_ref(text)


@pytest.mark.parametrize("seconds", ["nan", "inf", "-5", "1e9"])
def test_seconds_that_no_one_waits_are_told(seconds: str) -> None:
    with pytest.raises(UnknownFigure):
        read_ref(f"service_level@{seconds}")
