"""Checks the names that a flow borrows: lines of the city, prompts of the catalogue, destinations."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from acd.config.faults import Path, did_you_mean, shown
from acd.config.source import Source
from acd.ivr.nodes import LANGUAGE, PROMPT_ID, Ref

PROMPT_RULE: Final = "small letters and digits, words joined by '-', at most 48 characters"


class Known(msgspec.Struct, frozen=True):
    """The names that a flow may use."""

    lines: Collection[str]
    destinations: Collection[str]
    prompts: Mapping[str, Collection[str]]
    """Language -> prompt ids."""


class Names:
    """Notes in ``source`` each name that does not exist. Unreadable names were noted before and pass."""

    def __init__(self, source: Source, known: Known) -> None:
        self._source = source
        self._known = known

    def line(self, ref: Ref, path: Path) -> bool:
        """Whether ``ref`` is a line of the city."""
        if ref and ref.name not in self._known.lines:
            self._unknown("line", ref, path, self._known.lines, "in queues.yaml")
        return ref.name in self._known.lines

    def destination(self, ref: Ref, path: Path) -> None:
        if ref and ref.name not in self._known.destinations:
            self._unknown("destination", ref, path, self._known.destinations, "in destinations.yaml")

    def prompts(self, refs: Iterable[Ref], path: Path, languages: Iterable[str]) -> None:
        """Each prompt must be there in each language that the caller can have chosen."""
        wanted = tuple(languages)
        for ref in refs:
            self._prompt(ref, path, wanted)

    def _prompt(self, ref: Ref, path: Path, languages: tuple[str, ...]) -> None:
        if not PROMPT_ID.fullmatch(ref.name):
            self._note(path, f"{shown(ref.name)!r} cannot be a prompt: {PROMPT_RULE}", ref)
            return
        missing = [language for language in languages if ref.name not in self._known.prompts.get(language, ())]
        if missing:
            files = ", ".join(f"{language}.yaml" for language in missing)
            near = did_you_mean(ref.name, self._known.prompts.get(missing[0], ()))
            self._note(path, f"prompt {ref.name!r} is missing in {files}{near}", ref)

    def language(self, ref: Ref, path: Path, offered: Collection[str] | None = None) -> bool:
        """Whether ``ref`` is a language, and one that the flow offers."""
        if not ref:
            return False
        if not LANGUAGE.fullmatch(ref.name):
            self._note(path, f"{shown(ref.name)!r} is no language: two small letters, such as nl", ref)
            return False
        if offered is not None and ref.name not in offered:
            self._note(path, f"language {ref.name!r} is not among the languages of this flow", ref)
            return False
        return True

    def _unknown(self, what: str, ref: Ref, path: Path, known: Collection[str], where: str) -> None:
        self._note(path, f"there is no {what} {shown(ref.name)!r} {where}{did_you_mean(ref.name, known)}", ref)

    def _note(self, path: Path, message: str, ref: Ref) -> None:
        self._source.fault(path, message, line=ref.at)
