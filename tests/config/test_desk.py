"""Subjects of calls and the settings of the operator's page: read from the file, or told with line and advice."""

import pytest

from acd.config import describe_changes, load
from acd.model.policy import DeskRule
from tests.config.samples import INFO, SHIPPED, SMALL, SPORT, city, edited, faults, with_line

SUBJECTS = "subjects:\n  klacht: {nl: Klacht, fr: Plainte}\n"


def test_subjects_of_the_city_and_of_a_line() -> None:
    loaded = city(edited("    dids: [3292101010]\n", "    subjects: {afval: {nl: Afval}}\n", SMALL + SUBJECTS))
    assert loaded.subjects == {"klacht": {"nl": "Klacht", "en": "Klacht", "fr": "Plainte"}}
    assert loaded.lines[INFO].subjects == {"afval": {"nl": "Afval", "en": "Afval", "fr": "Afval"}}
    assert loaded.lines[SPORT].subjects == {}


def test_the_shipped_city_names_its_subjects_in_three_languages() -> None:
    loaded = load(SHIPPED)
    every = [*loaded.subjects.values(), *(names for line in loaded.lines.values() for names in line.subjects.values())]
    assert len(every) > 10 and all(set(names) == {"nl", "en", "fr"} for names in every)


def test_the_patience_of_the_page() -> None:
    assert city(SMALL).policy.desk == DeskRule(grace=30.0, wrap_up_extension=60.0)
    loaded = city(SMALL + "desk: {grace: 1m, wrap_up_extension: 0}\n")
    assert loaded.policy.desk == DeskRule(grace=60.0, wrap_up_extension=0.0)
    assert describe_changes(city(SMALL), loaded) == ["desk.grace 30 -> 60", "desk.wrap_up_extension 60 -> 0"]


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ("subjects: {Klacht: {nl: Klacht}}\n", "17: subjects.Klacht: must be 1 to 40 lower-case letters, digits and _"),
        ("subjects: {klacht: {fr: Plainte}}\n", "17: subjects.klacht.nl: is missing"),
        ("subjects: {klacht: Klacht}\n", "17: subjects.klacht: must be a block"),
        ("desk: {grace: 1}\n", "17: desk.grace: must be"),
        ("desk: {grce: 30s}\n", "17: desk.grce: unknown key; did you mean 'grace'?"),
        ("desk: {wrap_up_extension: much}\n", "17: desk.wrap_up_extension: must be"),
    ],
)
def test_a_fault_is_told_with_its_line(added: str, told: str) -> None:
    [fault] = faults(SMALL + added)
    assert told in fault


def test_a_subject_means_one_thing() -> None:
    text = edited("    dids: [3292101010]\n", "    subjects: {klacht: {nl: Iets anders}}\n", SMALL + SUBJECTS)
    [fault] = faults(text)
    assert "7: lines.info.subjects.klacht: 'klacht' is a subject of the whole city already" in fault


@pytest.mark.parametrize("id", ["login", "page_lost", "phone_lost"])
def test_reasons_of_the_system_cannot_be_taken(id: str) -> None:
    [fault] = faults(edited("  pauze:", f"  {id}:"))
    assert f"14: reasons.{id}: '{id}' is set by the system itself" in fault


def test_a_line_may_have_subjects_of_its_own_alone() -> None:
    assert with_line("subjects: {afval: {nl: Afval}}").lines[INFO].subjects.keys() == {"afval"}


def test_what_changes_is_told() -> None:
    assert describe_changes(city(SMALL), city(SMALL + SUBJECTS)) == ["subject klacht: added"]
