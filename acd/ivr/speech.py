"""Renders the prompt catalogue to sound files that Asterisk plays: ``<out>/<language>/acd/<prompt>.wav`` and ``.alaw``.

The speech program is a setting: a command with ``{out}`` for the WAV file that it shall write, ``{voice}``, and
``{text}`` - or without it, then the text comes on standard input. No shell ever sees it. A recording of the same name
comes before the program.

A prompt is rendered again only when its text, its voice, the command or its recording changed. What failed keeps the
sound that it had.
"""

import hashlib
import json
import os
import re
import shlex
import subprocess
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from acd.ivr.catalogue import load_catalogue
from acd.ivr.nodes import LANGUAGE, PROMPT_ID
from acd.ivr.sound import BadSound, as_alaw, as_wav, levelled, one_line, read_sound

PARALLEL: Final = 2
SPEECH_TIMEOUT: Final = 120.0
"""Seconds that the speech program may take for one prompt."""

MANIFEST: Final = ".acd-prompts.json"
RENDERING: Final = "2"
"""Changes when the same input would sound different."""
SENTENCE_ENDS: Final = (".", "!", "?")
"""A prompt without one of them is a part of a sentence, put together when it is said."""

_NAME: Final = re.compile(rf"{LANGUAGE.pattern}/{PROMPT_ID.pattern}")

VOICES: Final[Mapping[str, str]] = {"nl": "nl", "en": "en-gb", "fr": "fr-be"}


class Speaker(msgspec.Struct, frozen=True):
    """The speech program and its voices."""

    command: str = "espeak-ng -v {voice} -s 140 -w {out} --stdin"
    voices: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(VOICES))
    """Language -> voice."""

    def __post_init__(self) -> None:
        if "{out}" not in self.command:
            raise ValueError(f"the speech command must say where {{out}} goes: {self.command!r}")

    def argv(self, voice: str, out: Path, text: str) -> list[str]:
        """The command for one prompt. A text in front of which a ``-`` stands is no option."""
        values = {"{voice}": voice, "{out}": str(out), "{text}": f" {text}" if text.startswith("-") else text}
        return [_filled(word, values) for word in shlex.split(self.command)]


class PromptFailure(msgspec.Struct, frozen=True, order=True):
    """A prompt that could not be made."""

    language: str
    id: str
    why: str


class BuildReport(msgspec.Struct, frozen=True):
    """What a build did; the fields are numbers of prompts."""

    rendered: int
    recorded: int
    unchanged: int
    removed: int
    failures: tuple[PromptFailure, ...]
    unused: tuple[str, ...]
    """Recordings that no prompt of the catalogue has the name of, as ``nl/name.wav``."""

    def __str__(self) -> str:
        rows = [
            f"{self.rendered} rendered, {self.recorded} from recordings, {self.unchanged} unchanged, "
            f"{self.removed} removed, {len(self.failures)} failed"
        ]
        for why, count in Counter(failure.why for failure in self.failures).most_common():
            first = next(failure for failure in self.failures if failure.why == why)
            more = f" and {count - 1} more" if count > 1 else ""
            rows.append(f"{first.language}/{first.id}{more}: {why}")
        rows += [f"recording {name} is not used: the catalogue has no such prompt" for name in self.unused]
        return "\n".join(rows)


def build_prompts(
    catalogue_dir: Path, recordings_dir: Path | None, out_dir: Path, speaker: Speaker | None = None
) -> BuildReport:
    """Bring ``out_dir`` up to date with the catalogue. Takes about 20 s for 900 new prompts on two cores.

    Args:
        catalogue_dir: ``ivr_flows/prompts``.
        recordings_dir: ``<language>/<prompt>.wav``, of any rate; need not exist.
        out_dir: a sounds directory of Asterisk.
        speaker: espeak-ng by default.

    Raises:
        FlowError: the catalogue has faults; nothing is rendered.
        OSError: ``out_dir`` cannot be written.
    """
    texts = load_catalogue(catalogue_dir).texts
    build = _Build(speaker or Speaker(), recordings_dir, out_dir)
    wanted = [(language, id, text) for language, prompts in texts.items() for id, text in prompts.items()]
    with ThreadPoolExecutor(PARALLEL) as pool:
        done = list(pool.map(lambda prompt: build.prompt(*prompt), wanted))
    removed = build.remove_stale({f"{language}/{id}" for language, id, _ in wanted})
    build.save()
    count = Counter(result for result in done if isinstance(result, str))
    failures = tuple(sorted(result for result in done if isinstance(result, PromptFailure)))
    unused = tuple(_unused(recordings_dir, texts))
    return BuildReport(count["rendered"], count["recorded"], count["unchanged"], removed, failures, unused)


class _Build:
    """One run. The manifest says of each prompt in ``out_dir`` what it was made from."""

    def __init__(self, speaker: Speaker, recordings: Path | None, out: Path) -> None:
        self._speaker = speaker
        self._recordings = recordings
        self._out = out
        out.mkdir(parents=True, exist_ok=True)
        self._made = _manifest(out / MANIFEST)

    def prompt(self, language: str, id: str, text: str) -> str | PromptFailure:
        """Make one prompt if need be: ``rendered``, ``recorded`` or ``unchanged``."""
        recording = self._recording(language, id)
        try:
            origin = self._origin(language, text, recording)
            if self._made.get(f"{language}/{id}") == origin and all(map(Path.exists, self._files(f"{language}/{id}"))):
                return "unchanged"
            sound = read_sound(recording) if recording else self._speak(language, text)
            samples = levelled(sound, part=not text.rstrip().endswith(SENTENCE_ENDS))
        except (BadSound, OSError) as error:
            where = f"{recording}: " if recording else ""
            return PromptFailure(language, id, f"{where}{error}")
        wav, alaw = self._files(f"{language}/{id}")
        _write(wav, as_wav(samples))
        _write(alaw, as_alaw(samples))
        self._made[f"{language}/{id}"] = origin
        return "recorded" if recording else "rendered"

    def remove_stale(self, wanted: set[str]) -> int:
        """Remove what an earlier run made and nobody wants any more. Other files are none of ours."""
        stale = self._made.keys() - wanted
        for name in stale:
            for file in self._files(name):
                file.unlink(missing_ok=True)
            del self._made[name]
        return len(stale)

    def save(self) -> None:
        _write(self._out / MANIFEST, json.dumps(self._made, indent=0, sort_keys=True).encode())

    def _recording(self, language: str, id: str) -> Path | None:
        path = self._recordings / language / f"{id}.wav" if self._recordings else None
        return path if path and path.is_file() else None

    def _origin(self, language: str, text: str, recording: Path | None) -> str:
        """Stands for all that decides how the prompt sounds."""
        if recording:
            parts = ["recording", hashlib.sha256(recording.read_bytes()).hexdigest()]
        else:
            parts = [self._speaker.command, self._voice(language), text]
        return hashlib.sha256(json.dumps([RENDERING, *parts]).encode()).hexdigest()

    def _voice(self, language: str) -> str:
        if voice := self._speaker.voices.get(language):
            return voice
        raise BadSound(f"no voice is set for language {language!r}")

    def _speak(self, language: str, text: str) -> "array[int]":
        with tempfile.TemporaryDirectory(prefix="acd-prompt-") as folder:
            out = Path(folder) / "speech.wav"
            argv = self._speaker.argv(self._voice(language), out, text)
            _run(argv, "" if "{text}" in self._speaker.command else text)
            if not out.exists():
                raise BadSound(f"{argv[0]} wrote no sound")
            return read_sound(out)

    def _files(self, name: str) -> tuple[Path, Path]:
        language, id = name.split("/")
        folder = self._out / language / "acd"
        return folder / f"{id}.wav", folder / f"{id}.alaw"


def _run(argv: list[str], text: str) -> None:
    try:
        done = subprocess.run(argv, input=text.encode(), capture_output=True, timeout=SPEECH_TIMEOUT, check=False)  # noqa: S603
    except OSError as error:
        raise BadSound(f"{argv[0]} cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired:
        raise BadSound(f"{argv[0]} was not done after {SPEECH_TIMEOUT:.0f} s") from None
    if done.returncode != 0:
        raise BadSound(f"{argv[0]} failed: {one_line(done.stderr)}")


def _filled(word: str, values: Mapping[str, str]) -> str:
    """``word`` with its placeholders filled, each once: a text that reads ``{out}`` stays as it is."""
    for mark, value in values.items():
        if mark in word:
            before, _, after = word.partition(mark)
            return f"{_filled(before, values)}{value}{_filled(after, values)}"
    return word


def _manifest(path: Path) -> dict[str, str]:
    """What earlier runs made. A manifest that cannot be read costs one full build, nothing else."""
    try:
        entries = json.loads(path.read_text("utf-8"))
        return {name: origin for name, origin in entries.items() if _NAME.fullmatch(name)}
    except (OSError, ValueError, AttributeError):
        return {}


def _write(path: Path, data: bytes) -> None:
    """All or nothing: Asterisk may be playing the file at this moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _unused(recordings: Path | None, texts: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    files = sorted(recordings.glob("*/*.wav")) if recordings else []
    for file in files:
        if file.stem not in texts.get(file.parent.name, {}):
            yield f"{file.parent.name}/{file.name}"
