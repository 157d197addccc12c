"""Means and distributions of scores: equal to what plain arithmetic over the single answers says."""

from collections import Counter
from statistics import fmean

from hypothesis import given
from hypothesis import strategies as st

from acd.figures.survey import results
from acd.model.ids import LineId
from sim.survey import score_of

ANSWERS = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["q", "r"]), st.integers(1, 10)), max_size=60)


@given(ANSWERS, st.integers(0, 40))
def test_every_answer_counts_once(answers: list[tuple[str, str, int]], silent: int) -> None:
    scores = Counter((LineId(line), question, score) for line, question, score in answers)
    asked = {LineId(line): 60 + silent for line in ("a", "b")}
    found = results(scores, asked)
    assert sum(one.n for one in found) == len(answers)
    for one in found:
        own = [score for line, question, score in answers if (line, question) == (one.line, one.question)]
        assert one.n == len(own) == sum(one.counts)
        assert abs(one.mean - fmean(own)) < 1e-9
        assert 1 <= one.mean <= 10
        assert [own.count(score) for score in range(1, 11)] == list(one.counts)
        assert one.response == len(own) / (60 + silent)
        assert one.weak == (len(own) < 10)


@given(st.sampled_from("0123456789*#ABCD"), st.sampled_from(["", *"0123456789*#"]))
def test_keys_make_a_score_from_one_to_ten_or_none(key: str, second: str) -> None:
    score = score_of(key, second if key == "1" else "")
    if key in "23456789":
        assert score == int(key)
    elif key == "0" or (key, second) == ("1", "0"):
        assert score == 10
    elif key == "1" and second in ("", "#"):
        assert score == 1
    else:
        assert score is None
