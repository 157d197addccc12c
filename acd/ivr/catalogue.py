"""The prompt catalogue: ``ivr_flows/prompts/<language>.yaml``, prompt id -> what is said.

Numbers, times and dates need not be written: :mod:`acd.ivr.spoken` says them in Dutch, English and French. A text in
the catalogue with the same id comes before the rule.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from acd.config.faults import Fault
from acd.config.source import UNREADABLE, Source
from acd.config.syntax import MAX_BYTES
from acd.ivr.faults import FlowError
from acd.ivr.fields import said
from acd.ivr.names import PROMPT_RULE
from acd.ivr.nodes import LANGUAGE, PROMPT_ID
from acd.ivr.spoken import spoken
from acd.model.policy import Line

MOST_POSITIONS: Final = 20
WAITS: Final = ("0-1", "1-2", "2-5", "5-10", "10-15", "15-more")
"""Expected waits that can be announced, in minutes."""

CALL_BACK: Final = (
    *("offer", "number", "number-choice", "number-key", "number-wrong", "slot", "today", "tomorrow"),
    *("day-after", "between", "and", "calm", "latest", "at", "slot-choice", "slot-only", "calm-choice"),
    *("moment", "booked", "goodbye", "not-booked", "stay", "existing", "existing-choice", "cancelled"),
    *("operator", "busy", "no-answer", "machine", "failed"),
)
"""The dialogue of the promise to call back, and what the operator hears who keeps it."""

NEEDED: Final = (
    *(f"position-{place}" for place in range(1, MOST_POSITIONS + 1)),
    "position-many",
    *(f"wait-{minutes}" for minutes in WAITS),
    *(f"cb-{name}" for name in CALL_BACK),
    *("invalid-key", "goodbye", "closed", "holiday", "full", "unstaffed", "maintenance", "partner", "fallback"),
)
"""Prompts that the system plays of its own accord; every language must have them."""

SURVEY_FRAME: Final = ("survey-intro", "survey-thanks")
"""What a survey plays besides its questions; only who asks something must have them."""

RECORDING: Final = "recording"
"""What a caller hears before he is recorded; only who records must have it."""

LONGEST: Final = 1500
"""Characters: about two minutes of speech."""


class Catalogue(msgspec.Struct, frozen=True):
    """What is said, in each language."""

    texts: Mapping[str, Mapping[str, str]]
    """Language -> prompt id -> text."""


def load_catalogue(directory: Path) -> Catalogue:
    """Read ``<directory>/<language>.yaml``.

    Raises:
        FlowError: a file cannot be read, or has faults; all of them.
    """
    faults: list[Fault] = []
    files = sorted(directory.glob("*.yaml"))
    if not files:
        faults.append(Fault(str(directory), 1, "", "there is no catalogue: one file a language, such as nl.yaml"))
    texts = {path.stem: _read(path, faults) for path in files}
    if faults:
        raise FlowError(faults)
    return Catalogue(texts)


def survey_faults(catalogue: Catalogue, lines: Iterable[Line]) -> Iterator[Fault]:
    """What the surveys of the lines play and no catalogue has."""
    rules = {line.id: line.survey for line in lines if line.survey is not None}
    for language, texts in catalogue.texts.items():
        for id in SURVEY_FRAME if rules else ():
            if id not in texts:
                yield Fault("queues.yaml", 1, "survey", f"prompt {id!r} is missing in {language}.yaml")
        for line, rule in rules.items():
            for question, asked in rule.questions.items():
                if asked.prompt not in texts:
                    where = f"lines.{line}.survey.questions.{question}.prompt"
                    yield Fault("queues.yaml", 1, where, f"prompt {asked.prompt!r} is missing in {language}.yaml")


def recording_faults(catalogue: Catalogue, lines: Iterable[Line]) -> Iterator[Fault]:
    """Nobody is recorded who was not told in his language."""
    if any(line.recording is not None for line in lines):
        for language, texts in catalogue.texts.items():
            if RECORDING not in texts:
                yield Fault("queues.yaml", 1, "recording", f"prompt {RECORDING!r} is missing in {language}.yaml")


def read_source(path: Path) -> Source:
    """The file at ``path``; that it cannot be read is one of its faults."""
    try:
        with path.open("rb") as stream:
            return Source(stream.read(MAX_BYTES + 1), str(path))
    except OSError as error:
        source = Source(b"{}", str(path))
        source.data = UNREADABLE
        source.fault((), f"cannot be read: {error.strerror}")
        return source


def _read(path: Path, faults: list[Fault]) -> dict[str, str]:
    source = read_source(path)
    if not LANGUAGE.fullmatch(path.stem):
        source.fault((), "the file's name must be a language of two small letters, such as nl.yaml")
    texts = spoken(path.stem)
    if isinstance(source.data, dict):
        texts |= {id: text for id, text in source.data.items() if _is_prompt(id, text, source)}
        for id in NEEDED:
            if id not in texts and not source.has((id,)):
                source.fault((), f"prompt {id!r} is missing: the system needs it")
    elif source.data is not UNREADABLE:
        source.fault((), f"must be lines of 'prompt: text', not {said(source.data)}")
    faults.extend(source.faults)
    return texts


def _is_prompt(id: str, text: Any, source: Source) -> bool:
    if text is UNREADABLE:
        return False
    if not PROMPT_ID.fullmatch(id):
        source.fault((id,), f"cannot be the name of a prompt: {PROMPT_RULE}")
    elif not isinstance(text, str):
        source.fault((id,), f"must be text, not {said(text)}" if text is not None else "says nothing")
    elif not any(character.isalnum() for character in text):
        source.fault((id,), "says nothing")
    elif len(text) > LONGEST:
        source.fault((id,), f"is too long: {len(text)} characters, at most {LONGEST}")
    else:
        return True
    return False
