"""What is wrong with the file: where, which field, and what to do about it."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from pydantic_core import ErrorDetails

from acd.model.mendable import Mendable

Path = tuple[str | int, ...]
"""Keys and list positions from the top of the file down to a value."""

SHOWN_LENGTH: Final = 40


class Fault(NamedTuple):
    """One thing that is wrong, or (as a warning) odd."""

    file: str
    line: int
    """Counted from 1."""
    path: str
    """``lines.gentinfo.wrap_up``; empty = the file as a whole."""
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: "
        return f"{place}{self.path}: {self.message}" if self.path else f"{place}{self.message}"


class ConfigError(Mendable):
    """Every fault of the file, a line each, in the order of the file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(set(faults), key=lambda fault: fault[1:]))
        super().__init__("\n".join(map(str, self.faults)))


def shown(value: object) -> str:
    """``value`` as a person can read it in one line: short, and without anything that a terminal would obey."""
    text = str(value)
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 3] + "..."


def dotted(path: Path) -> str:
    """``("closing_days", 3, "date")`` -> ``closing_days[3].date``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{shown(part)}" for part in path)
    return text.removeprefix(".")


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A hint to put behind a message about an unknown ``word``; empty when nothing comes near."""
    near = get_close_matches(str(word).lower()[:SHOWN_LENGTH], sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


_SAYS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "int_type": "must be a whole number, not {input}",
    "float_type": "must be a number, not {input}",
    "finite_number": "must be an ordinary number, not {input}",
    "bool_type": "must be true or false, not {input}",
    "string_type": "must be text (in quotes if need be), not {input}",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long: at most {max_length} characters",
    "too_short": "must not be empty",
    "too_long": "has too many entries: at most {max_length}",
    "dict_type": "must be a block of 'key: value' lines, not {input}",
    "model_type": "must be a block of 'key: value' lines, not {input}",
    "list_type": "must be a list, not {input}",
    "greater_than": "must be more than {gt}, not {input}",
    "greater_than_equal": "must be at least {ge}, not {input}",
    "less_than": "must be less than {lt}, not {input}",
    "less_than_equal": "must be at most {le}, not {input}",
}


def message(error: ErrorDetails, known: Sequence[str]) -> str:
    """What pydantic found, in plain words. ``known``: the keys that could have stood at that place."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return "unknown key" + did_you_mean(error["loc"][-1], known)
    if value is None and kind != "missing":
        return "has no value"
    if kind == "value_error":
        return str(context["error"])
    if kind == "enum":
        return f"must be {context['expected']}, not {_quoted(value)}{did_you_mean(value, _words(context['expected']))}"
    if kind == "less_than_equal" and context["le"] == 1 and isinstance(value, int | float) and 1 < value <= 100:
        return f"is a share from 0 to 1: write {value:g} % as {value / 100:g}"
    limits = {name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in context.items()}
    return _SAYS[kind].format(input=_quoted(value), **limits) if kind in _SAYS else error["msg"]


def _quoted(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "a block"
        case list():
            return "a list"
        case str():
            return f"'{shown(value)}'"
        case _:
            return shown(value)


def _words(expected: str) -> list[str]:
    return expected.replace("'", "").replace(" or ", ", ").split(", ")
