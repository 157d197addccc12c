"""Subjects counted as a patient reader would count them, conversation by conversation."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from acd.figures.subjects import Conversations, subject_rows
from acd.model.ids import LineId

Held = tuple[str, tuple[str, ...], bool | None]
ONE = st.tuples(
    st.sampled_from(["a", "b"]),
    st.lists(st.sampled_from(["tax", "waste", "pass"]), max_size=3).map(tuple),
    st.sampled_from([True, False, None]),
)


@given(st.lists(ONE, max_size=60))
def test_every_conversation_counts_once_under_each_of_its_subjects(
    held: list[Held],
) -> None:
    counted = [
        Conversations(LineId(line), subjects, settled, n) for (line, subjects, settled), n in Counter(held).items()
    ]
    rows, lines = subject_rows(counted)
    assert lines == Counter(line for line, _, _ in held)
    assert {(row.line, row.subject) for row in rows} == {
        (line, subject) for line, subjects, _ in held for subject in subjects or (None,)
    }
    for row in rows:
        own = [
            settled
            for line, subjects, settled in held
            if line == row.line and (row.subject in subjects if row.subject else not subjects)
        ]
        assert (row.count, row.yes, row.no) == (len(own), own.count(True), own.count(False))
        said = [settled for settled in own if settled is not None]
        assert row.settled == (sum(said) / len(said) if said else None)
        assert row.weak == (len(said) < 10)
        assert row.share == len(own) / lines[row.line]
    for line in lines:
        counts = [row.count for row in rows if row.line == line and row.subject]
        assert counts == sorted(counts, reverse=True)
