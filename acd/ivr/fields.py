"""Takes the fields of one block of a YAML file, one by one, and notes whatever is wrong with them.

A fault is noted where it is found and reading goes on with a stand-in, so that one run shows them all.
"""

from collections.abc import Mapping
from typing import Any, Final

from acd.config.faults import Path, did_you_mean, shown
from acd.config.source import UNREADABLE, Source
from acd.ivr.nodes import CAPTION_LANGUAGES, KEYS, LONGEST_CAPTION, Ref
from acd.model.menu import SOURCE, Captions

NOWHERE: Final = Ref("", 0)
"""Stands for a name that could not be read; its fault has been noted, so no check looks at it."""


class Fields:
    """The block of ``key: value`` lines at ``path``. Fields are taken by name; :meth:`finish` refuses the rest."""

    def __init__(self, source: Source, path: Path, values: Any) -> None:
        self.source = source
        self.path = path
        self._values: Mapping[str, Any] = values if isinstance(values, dict) else {}
        self._known: set[str] = set()
        self._is_block = isinstance(values, dict)
        if values is not UNREADABLE and not self._is_block:
            source.fault(path, f"must be a block of 'key: value' lines, not {said(values)}")

    def __contains__(self, name: str) -> bool:
        self._known.add(name)
        return name in self._values

    @property
    def at(self) -> int:
        return self.source.line(self.path)

    def fault(self, name: str, message: str, *, at: int | None = None) -> None:
        self.source.fault((*self.path, name) if name else self.path, message, line=at)

    def take(self, name: str, what: str) -> Any:
        """The plain value; ``UNREADABLE`` when it is not there, which is a fault."""
        if name not in self:
            if self._is_block:
                self.fault(name, f"is missing: {what}")
            return UNREADABLE
        if self._values[name] is None:
            self.fault(name, f"has no value: {what}")
            return UNREADABLE
        return self._values[name]

    def name(self, name: str, what: str) -> Ref:
        """One name."""
        return self._ref((name,), self.take(name, what), what)

    def names(self, name: str, what: str) -> tuple[Ref, ...]:
        """One name or a list of names; at least one."""
        value = self.take(name, what)
        if not isinstance(value, list):
            return tuple(filter(None, [self._ref((name,), value, what)]))
        if not value:
            self.fault(name, f"is empty: {what}")
        return tuple(filter(None, (self._ref((name, index), item, what) for index, item in enumerate(value))))

    def empty(self, name: str) -> bool:
        """Whether the field is written without a value."""
        return name in self and self._values[name] is None

    def number(self, name: str, default: float, least: float, most: float, unit: str) -> float:
        """A number, or ``default`` when it is not there."""
        if name not in self:
            return default
        value = self.take(name, f"a number of {unit}")
        if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
            return value
        if value is not UNREADABLE:
            self.fault(name, f"must be a number of {unit} from {least:g} to {most:g}, not {said(value)}")
        return default

    def keys(self, name: str, what: str) -> dict[str, Ref]:
        """Telephone key -> name. A key that is written twice was refused when the file was read."""
        value = self.take(name, f"which key leads to {what}")
        if value is UNREADABLE:
            return {}
        if not isinstance(value, dict) or not value:
            self.fault(name, f"must be a block of 'key: name' lines, at least one, not {said(value)}")
            return {}
        return {key: self._ref((name, key), item, what) for key, item in value.items() if self._is_key(name, key)}

    def captions(self, name: str) -> Captions:
        """Language -> a short text for people, Dutch first; empty when it is not there."""
        if name not in self:
            return {}
        value = self._values[name]
        if not isinstance(value, dict):
            if value is not UNREADABLE:
                self.fault(name, f"must be a block of 'language: text' lines, not {said(value)}")
            return {}
        if SOURCE not in value:
            self.source.missing((*self.path, name, SOURCE), "is missing: the Dutch text stands for the others, too")
        return {lang: text for lang, text in value.items() if self._is_caption(name, lang, text)}

    def finish(self, what: str) -> None:
        """Refuse all fields that nobody asked for."""
        for name in self._values.keys() - self._known:
            self.fault(name, f"unknown field in {what}{did_you_mean(name, self._known)}")

    def _ref(self, path: Path, value: Any, what: str) -> Ref:
        place = (*self.path, *path)
        if value is UNREADABLE:
            return NOWHERE
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return Ref(str(value).strip(), self.source.line(place))
        self.source.fault(place, f"must be {what}, not {said(value)}")
        return NOWHERE

    def _is_caption(self, name: str, lang: str, text: Any) -> bool:
        place = (*self.path, name, lang)
        if text is UNREADABLE:
            return False
        if lang not in CAPTION_LANGUAGES:
            near = did_you_mean(lang, CAPTION_LANGUAGES)
            self.source.fault(place, f"is no language of the pages: {', '.join(CAPTION_LANGUAGES)}{near}")
        elif not isinstance(text, str) or not text.strip():
            self.source.fault(place, f"must be text, not {said(text)}")
        elif len(text) > LONGEST_CAPTION:
            self.source.fault(place, f"is too long: {len(text)} characters, at most {LONGEST_CAPTION}")
        else:
            return True
        return False

    def _is_key(self, name: str, key: str) -> bool:
        if len(key) == 1 and key in KEYS:
            return True
        self.source.fault((*self.path, name, key), "is no key of a telephone: use 0 to 9, '*' or '#'")
        return False


def said(value: object) -> str:
    """``value`` as a message can quote it."""
    match value:
        case dict():
            return "a block" if value else "an empty block"
        case list():
            return "a list"
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case _:
            return repr(shown(value))
