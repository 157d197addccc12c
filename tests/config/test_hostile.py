"""Whatever stands in the file: the answer is a city or a ConfigError, soon, and nothing is executed or guessed."""

import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from acd.config import City, ConfigError, load, parse
from acd.config.syntax import MAX_BYTES
from tests.config.samples import INFO, SHIPPED, SMALL, SPORT, city, edited, faults, with_line

TEXT = SHIPPED.read_text(encoding="utf-8")
PIECES = [
    *":{}[],'\"#&*!|>%@`-?~\t\n\r \x00\x85\u2028\ufeff\ud800\xa0",
    "<<: ",
    "- ",
    ": ",
    "---\n",
    "...\n",
    "\\U",
    "é",
    "0",
    "9",
]


def read(content: bytes) -> City | ConfigError:
    try:
        return parse(content)
    except ConfigError as caught:
        error = caught
    assert str(error), "an error without a fault"
    assert all(1 <= fault.line <= content.count(b"\n") + content.count(b"\r") + 1 for fault in error.faults)
    str(error).encode()
    return error


@st.composite
def mangled(draw: st.DrawFn, text: str) -> str:
    """The text with a few pieces cut out, put in or moved."""
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["cut", "put", "move", "swap"])):
            case "cut":
                text = text[:at] + text[at + draw(st.integers(1, 40)) :]
            case "put":
                text = text[:at] + draw(st.sampled_from(PIECES) | st.text(max_size=4)) + text[at:]
            case "move":
                to = draw(st.integers(0, len(text)))
                text = text[:at] + text[to : to + 60] + text[at:]
            case _:
                lines = text.split("\n")
                lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(draw(st.integers(0, len(lines) - 1))))
                text = "\n".join(lines)
    return text


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(mangled(TEXT))
def test_a_mangled_file_gives_a_city_or_a_config_error(text: str) -> None:
    read(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=200)
@given(mangled(SMALL))
@example('city: "\\UFFFFFFFF"')
@example('city: "\\ud800"')
@example("? [a]\n: b")
@example("&a *a : 1")
@example("lines: {x: {thresholds: {waiting: {amber: {}, red: []}}}}")
@example("lines: {x: {dids: [{}, [], null], hours: [1], announcements: 5, closing_days: {}}}")
@example("operators: {x: {lines: [gentinfo], device: {}}}\ndefaults: 5\nlines: []\nreasons: 3\n")
def test_a_mangled_small_file_gives_a_city_or_a_config_error(text: str) -> None:
    read(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_config_error(content: bytes) -> None:
    assert isinstance(read(content), ConfigError)


def bomb(depth: int) -> str:
    return "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, depth)
    )


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        (lambda: bomb(30), "anchors (&) are not supported: use 'defaults'"),
        (lambda: bomb(30), "aliases (*) are not supported: write the value out"),
        (lambda: "city: &a [*a]\n", "aliases (*) are not supported"),
        (lambda: "[" * 100_000, "blocks are nested too deep"),
        (lambda: "{a: " * 100_000, "blocks are nested too deep"),
        (lambda: "- " * 100_000, "blocks are nested too deep"),
        (lambda: "? " * 100_000, "blocks are nested too deep"),
        (lambda: "".join(" " * n + "a:\n" for n in range(900)), "blocks are nested too deep"),
        (lambda: SMALL + "#" * MAX_BYTES, "the file is too large: more than 512 kB"),
        (lambda: "city: " + "x" * 500_000, "is too long"),
        (lambda: "city: " + "9" * 500_000, "is too long"),
        (lambda: "city: {" + "a," * 200_000 + "}", "the file is too large: more than 30000 values"),
        (lambda: 'city: "' + "\\n" * 200_000, "a quote is opened here and never closed"),
        (lambda: "&" * 400_000, "anchors (&) are not supported"),
        (lambda: "a" * 500_000 + ": 1", "a ':' too many"),
        (lambda: "city: !!python/object/apply:os.system [touch /tmp/owned]\n", "tags (!) are not supported"),
        (lambda: "city: !!str Gent\n", "tags (!) are not supported"),
    ],
)
def test_an_attack_is_refused_soon(attack: Callable[[], str], told: str) -> None:
    began = time.process_time()
    report = faults(attack())

    assert any(told in line for line in report), report[:5]
    assert time.process_time() - began < 20
    assert all(len(line) < 400 for line in report)


def test_a_huge_file_is_not_even_read_to_its_end() -> None:
    with pytest.raises(ConfigError, match="too large"):
        load("/dev/zero")


def test_a_large_honest_file_is_read() -> None:
    """500 operators over 8 lines, twice what the largest city here needs."""
    operators = "".join(
        f"  op_{n}: {{name: Operator {n}, device: {2000 + n}, lines: {{gentinfo: 1, lez: 2, bjb: 3}}}}\n"
        for n in range(500)
    )
    text = TEXT.replace("\noperators:\n", "\noperators:\n" + operators)
    assert len(city(text).policy.operators) == 520


@pytest.mark.parametrize(
    "number", [".nan", ".inf", "-.inf", "1e400", "1e3", "0x1F", "0o17", "017", "1_000", "9" * 30, "1:30", "+5"]
)
def test_only_plain_numbers_are_numbers(number: str) -> None:
    for key in ("calls_per_day", "target_share", "capacity", "wrap_up"):
        report = faults(edited("    dids: [3292101010]\n", f"    {key}: {number}\n"))
        assert len(report) == 1
        assert report[0].startswith(f"queues.yaml:7: lines.info.{key}: must be ")


def test_numbers_with_a_leading_zero_keep_it() -> None:
    loaded = city(edited("[3292101010]", "[092101010]", edited("device: 1001", "device: 0017")))
    assert loaded.lines[INFO].dids == ("092101010",)
    assert [operator.device for operator in loaded.policy.operators.values()] == ["0017", "1002"]


def test_times_and_dates_are_what_they_look_like() -> None:
    """In YAML 1.1 9:00 is 540, 12:30:45 is 45045 and 2026-12-24 is a date."""
    loaded = with_line("hours: {mon: 9:00-12:30}\nclosing_days: [{date: 2026-12-24, names: {nl: Kerstavond}}]")
    line = loaded.lines[INFO]
    assert [str(interval) for interval in line.hours[0]] == ["09:00-12:30"]
    assert str(line.closing_days[0]) == "2026-12-24 (Kerstavond)"


def test_a_yaml_1_1_directive_changes_nothing() -> None:
    assert city("%YAML 1.1\n---\n" + SMALL.replace("nl: Sport", "nl: no")).policy.lines[SPORT].names["nl"] == "no"


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "n", "y"])
def test_words_that_yaml_1_1_takes_for_truth_are_names(word: str) -> None:
    assert city(edited("nl: Sport", f"nl: {word}")).policy.lines[SPORT].names["nl"] == word


def test_merge_keys_are_refused_and_point_to_defaults() -> None:
    assert faults(edited("    names: {nl: Sport}", "    <<: {capacity: 3}\n    names: {nl: Sport}")) == [
        "queues.yaml:9: lines.sport: merge keys (<<) are not supported: use 'defaults'"
    ]


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    assert parse(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode()) == city(SMALL)
    assert faults(edited("nl: Sport", "nl: 5").replace("\n", "\r\n"))[0].startswith("queues.yaml:9: ")


def test_latin_1_is_told_with_its_line_besides_the_other_faults() -> None:
    text = edited("nl: Sport", "nl: Café", edited("{nl: Pauze}", "{nl: 3}"))
    assert faults(text.encode("latin-1")) == [
        "queues.yaml:9: is not UTF-8 (byte 0xE9): save the file as UTF-8",
        "queues.yaml:14: reasons.pauze.nl: must be text (in quotes if need be), not 3",
    ]


def test_utf_16_is_refused() -> None:
    assert "is not UTF-8" in "".join(faults(SMALL.encode("utf-16")))


@pytest.mark.parametrize("char", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\u2028", "\ufeff"])
def test_invisible_characters_are_told_with_their_line(char: str) -> None:
    assert f"queues.yaml:9: contains the invisible character U+{ord(char):04X}" in faults(
        edited("Sport", f"Sp{char}ort")
    )


@pytest.mark.parametrize(
    "name", ['"Sp\\nort"', '"Sp\\x1b[2Jort"', '"\\ud800"', '"Sp\u202eort"', '"Sp\u200bort"', "|\n        Sport"]
)
def test_a_name_is_one_visible_line(name: str) -> None:
    report = faults(edited("{nl: Sport}", f"\n      nl: {name}"))
    assert len(report) == 1
    assert "queues.yaml:10: lines.sport.names.nl: contains " in report[0]
