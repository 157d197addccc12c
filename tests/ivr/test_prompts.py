"""The prompt catalogue becomes sound: complete, level, only what changed, and no text is ever a command."""

import json
import re
import shutil
import subprocess
import sys
from array import array
from pathlib import Path

import pytest

from acd.ivr import BuildReport, FlowError, Speaker, build_prompts
from acd.ivr.catalogue import NEEDED, load_catalogue
from acd.ivr.sound import as_alaw

ROOT = Path(__file__).parents[2]
BEEP = "sox -n -r 22050 -c 1 {out} synth 0.3 sine 440 vol 0.3"
"""A speech program with little to say, but quick. German has no number rules: its catalogue stays small."""


class Prompts:
    """A catalogue, recordings and an output folder."""

    def __init__(self, folder: Path) -> None:
        self.catalogue, self.recordings, self.out = folder / "prompts", folder / "recordings", folder / "sounds"
        self.catalogue.mkdir()
        self.texts = {id: f"Das ist {id}." for id in NEEDED}

    def build(self, command: str = BEEP, **voices: str) -> BuildReport:
        lines = (f"{id}: {json.dumps(text, ensure_ascii=False)}\n" for id, text in self.texts.items())
        (self.catalogue / "de.yaml").write_text("".join(lines), "utf-8")
        return build_prompts(self.catalogue, self.recordings, self.out, Speaker(command, voices or {"de": "de"}))

    def file(self, id: str, kind: str = "wav") -> Path:
        return self.out / "de/acd" / f"{id}.{kind}"

    def record(self, id: str, *sound: str) -> Path:
        path = self.recordings / "de" / f"{id}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["sox", "-R", "-n", "-r", "44100", "-c", "2", str(path), *sound], check=True)
        return path


@pytest.fixture
def prompts(tmp_path: Path) -> Prompts:
    return Prompts(tmp_path)


def counts(report: BuildReport) -> tuple[int, int, int, int, int]:
    return report.rendered, report.recorded, report.unchanged, report.removed, len(report.failures)


def stats(path: Path) -> dict[str, float]:
    """What sox measures: ``Pk lev dB``, ``RMS lev dB``, ``Length s``, ..."""
    raw = ["-t", "al", "-r", "8000", "-c", "1"] if path.suffix == ".alaw" else []
    done = subprocess.run(["sox", *raw, str(path), "-n", "stats"], capture_output=True, check=True)
    return {
        name.strip(): float(value) for name, value in re.findall(r"^(.{14}) *(-?[\d.]+)$", done.stderr.decode(), re.M)
    }


# --- The city's own catalogue, spoken by espeak-ng ------------------------------------------------------------------


@pytest.fixture(scope="module")
def city_sounds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuildReport]:
    out = tmp_path_factory.mktemp("sounds")
    return out, build_prompts(ROOT / "ivr_flows/prompts", None, out)


@pytest.mark.timeout(400)
def test_everything_that_the_city_says_is_spoken(city_sounds: tuple[Path, BuildReport]) -> None:
    out, report = city_sounds
    texts = load_catalogue(ROOT / "ivr_flows/prompts").texts
    assert set(texts) == {"nl", "en", "fr"}
    assert texts["nl"].keys() == texts["en"].keys() == texts["fr"].keys()
    assert counts(report) == (sum(map(len, texts.values())), 0, 0, 0, 0)
    for language, prompts in texts.items():
        for id in prompts:
            assert (out / language / "acd" / f"{id}.wav").stat().st_size > 44 + 16 * 200, "a fifth of a second at least"
            assert (out / language / "acd" / f"{id}.alaw").stat().st_size > 8 * 200
    again = build_prompts(ROOT / "ivr_flows/prompts", None, out)
    assert counts(again) == (0, 0, report.rendered, 0, 0)


@pytest.mark.parametrize("language", ["nl", "en", "fr"])
@pytest.mark.parametrize("id", ["greeting-gentinfo", "position-3", "wait-2-5", "crisis-storm", "time-1015", "number-7"])
def test_it_sounds_like_speech_on_the_telephone(city_sounds: tuple[Path, BuildReport], language: str, id: str) -> None:
    out, _ = city_sounds
    path = out / language / "acd" / f"{id}.wav"
    header = subprocess.run(["soxi", str(path)], capture_output=True, check=True).stdout.decode()
    assert all(part in header for part in ("Channels       : 1", "Sample Rate    : 8000", "Precision      : 16-bit"))
    measured = stats(path)
    assert -8 < measured["Pk lev dB"] <= -0.9, "no clipping, not faint"
    assert -24 < measured["RMS lev dB"] < -19
    text = load_catalogue(ROOT / "ivr_flows/prompts").texts[language][id]
    assert 6 < len(text) / (measured["Length s"] - 0.25) < 25, "characters a second, as people speak"
    assert stats(path.with_suffix(".alaw"))["RMS lev dB"] == pytest.approx(measured["RMS lev dB"], abs=0.1)


def test_prompts_that_should_differ_do(city_sounds: tuple[Path, BuildReport]) -> None:
    out, _ = city_sounds
    for language in ("nl", "en", "fr"):
        positions = {(out / language / "acd" / f"position-{n}.alaw").read_bytes() for n in range(1, 21)}
        assert len(positions) == 20


# --- Only what changed ----------------------------------------------------------------------------------------------


def test_only_what_changed_is_rendered_again(prompts: Prompts) -> None:
    many = len(NEEDED)
    assert counts(prompts.build()) == (many, 0, 0, 0, 0)
    before = prompts.file("closed").stat().st_mtime_ns
    assert counts(prompts.build()) == (0, 0, many, 0, 0)
    assert prompts.file("closed").stat().st_mtime_ns == before
    prompts.texts["closed"] = "Geschlossen."
    prompts.file("full", "alaw").unlink()
    assert counts(prompts.build()) == (2, 0, many - 2, 0, 0)
    assert counts(prompts.build(de="other")) == (many, 0, 0, 0, 0), "another voice"
    assert counts(prompts.build(BEEP.replace("440", "660"), de="other")) == (many, 0, 0, 0, 0), "another program"


def test_a_manifest_that_was_spoilt_costs_one_build(prompts: Prompts) -> None:
    prompts.build()
    for spoilt in ("{", "[]", '{"../../etc/x": "1"}'):
        (prompts.out / ".acd-prompts.json").write_text(spoilt)
        assert prompts.build().rendered == len(NEEDED)


def test_what_nobody_wants_is_removed_and_nothing_else(prompts: Prompts) -> None:
    prompts.texts["old"] = "Alt."
    prompts.build()
    own = prompts.file("by-hand")
    shutil.copy(prompts.file("closed"), own)
    del prompts.texts["old"]
    assert counts(prompts.build()) == (0, 0, len(NEEDED), 1, 0)
    assert not prompts.file("old").exists()
    assert not prompts.file("old", "alaw").exists()
    assert own.exists()
    assert not list(prompts.out.rglob(".new-*"))


# --- Recordings -----------------------------------------------------------------------------------------------------


def test_a_recording_comes_before_the_program(prompts: Prompts) -> None:
    prompts.build()
    prompts.record("closed", "synth", "1.0", "sine", "700", "vol", "0.9")
    prompts.record("nobody", "synth", "1.0", "sine", "700")
    report = prompts.build()
    assert counts(report) == (0, 1, len(NEEDED) - 1, 0, 0)
    assert report.unused == ("de/nobody.wav",)
    assert stats(prompts.file("closed"))["Length s"] == pytest.approx(1.0, abs=0.05)
    assert prompts.build().unchanged == len(NEEDED)
    prompts.record("closed", "synth", "0.5", "sine", "700")
    assert prompts.build().recorded == 1
    (prompts.recordings / "de/closed.wav").unlink()
    assert prompts.build().rendered == 1
    assert stats(prompts.file("closed"))["Length s"] == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("volume", ["1.0", "0.3", "0.05"])
def test_loud_and_faint_recordings_end_at_the_same_level(prompts: Prompts, volume: str) -> None:
    # A second of silence, noise with the crest of speech, a second of silence.
    prompts.record("closed", "synth", "1.5", "pinknoise", "vol", volume, "pad", "1", "1")
    prompts.build()
    measured = stats(prompts.file("closed"))
    assert measured["RMS lev dB"] == pytest.approx(-20, abs=1.0)
    assert measured["Pk lev dB"] <= -0.9
    assert measured["Length s"] == pytest.approx(1.5, abs=0.4), "silence at the ends is cut"


# --- What goes wrong ------------------------------------------------------------------------------------------------


def test_all_failures_come_together_and_what_was_there_stays(prompts: Prompts) -> None:
    prompts.build()
    kept = prompts.file("closed").read_bytes()
    prompts.texts |= {"closed": "Neu.", "full": "Neu."}
    (prompts.recordings / "de").mkdir(parents=True)
    (prompts.recordings / "de/full.wav").write_bytes(b"RIFF no sound at all")
    prompts.record("holiday", "trim", "0", "1")
    report = prompts.build("sh -c 'echo no voice today >&2; exit 3' {out}")
    why = {failure.id: failure.why for failure in report.failures}
    assert len(why) == len(NEEDED), "the command changed, so all were due"
    assert why["closed"] == "sh failed: no voice today"
    assert "full.wav: sox cannot read it" in why["full"]
    assert why["holiday"].endswith("holiday.wav: there is nothing to be heard in it")
    assert f"de/cb-and and {len(NEEDED) - 3} more: sh failed: no voice today" in str(report)
    assert prompts.file("closed").read_bytes() == kept
    shutil.rmtree(prompts.recordings)
    assert counts(prompts.build()) == (2, 0, len(NEEDED) - 2, 0, 0), "what failed is due, what was kept is not"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("no-such-program {out}", "no-such-program cannot be run: No such file or directory"),
        ("true {out}", "true wrote no sound"),
        ("sox -n -r 8000 {out} trim 0 1", "there is nothing to be heard in it"),
        ("cp /etc/hostname {out}", "sox cannot read it"),
    ],
)
def test_a_speech_program_that_fails_is_told(prompts: Prompts, command: str, says: str) -> None:
    report = prompts.build(command)
    assert len(report.failures) == len(NEEDED)
    assert all(says in failure.why for failure in report.failures)
    assert not list(prompts.out.rglob("*.wav"))


def test_a_language_without_a_voice_is_told(prompts: Prompts) -> None:
    report = prompts.build(nl="nl")
    assert {failure.why for failure in report.failures} == {"no voice is set for language 'de'"}


def test_nothing_is_rendered_from_a_catalogue_with_faults(prompts: Prompts) -> None:
    prompts.texts["closed"] = ""
    with pytest.raises(FlowError, match="closed: says nothing"):
        prompts.build()
    assert not prompts.out.exists()


def test_a_command_must_say_where_the_sound_goes() -> None:
    with pytest.raises(ValueError, match="must say where"):
        Speaker("espeak-ng --stdout")


HOSTILE = (
    "$(touch hacked) `touch hacked`; touch hacked && touch hacked | touch hacked",
    "-w /tmp/elsewhere.wav",
    "--stdin",
    '" ; touch hacked ; "',
    "{out} {voice} {text}",
    "%s %n ${HOME} \\ \\\\ ' \"",
    "<speak>Größe</speak> 10 € — ☎",
)


@pytest.mark.parametrize("way", ["argument", "input"])
def test_a_text_is_only_ever_spoken(prompts: Prompts, tmp_path: Path, way: str) -> None:
    said = tmp_path / "said"
    said.mkdir()
    program = tmp_path / "speak.py"
    program.write_text(
        "import json, pathlib, shutil, sys\n"
        f"text = sys.argv[2] if {way == 'argument'} else sys.stdin.buffer.read().decode()\n"
        f"pathlib.Path({str(said)!r}, str(abs(hash(text)))).write_text(json.dumps([sys.argv[1:], text]))\n"
        f"shutil.copy({str(tmp_path / 'beep.wav')!r}, sys.argv[1])\n"
    )
    subprocess.run(["sox", "-n", str(tmp_path / "beep.wav"), "synth", "0.3", "sine", "440"], check=True)
    prompts.texts |= {f"evil-{number}": text for number, text in enumerate(HOSTILE)}
    text = " {text}" if way == "argument" else ""
    report = prompts.build(f"{sys.executable} {program} {{out}}{text}")
    assert report.failures == ()
    heard = [json.loads(file.read_text()) for file in said.iterdir()]
    assert {spoken.removeprefix(" ") for _, spoken in heard} == set(prompts.texts.values())
    assert all(len(arguments) == (2 if way == "argument" else 1) for arguments, _ in heard)
    if way == "argument":
        assert not any(spoken.startswith("-") for _, spoken in heard), "a text is no option"
    assert not list(tmp_path.rglob("hacked"))
    assert not Path("hacked").exists()
    assert not Path("/tmp/elsewhere.wav").exists()


def test_alaw_is_as_near_as_eight_bits_can_be(tmp_path: Path) -> None:
    """Against sox, for every sample there is: 1/32 of the sample, and 16 near zero (G.711's smallest step, half)."""
    samples = array("h", range(-32768, 32768))
    (tmp_path / "all.alaw").write_bytes(as_alaw(samples))
    raw = ["-t", "raw", "-e", "signed-integer", "-b", "16", "-L", "-"]
    argv = ["sox", "-D", "-t", "al", "-r", "8000", "-c", "1", str(tmp_path / "all.alaw"), *raw]
    back = array("h", subprocess.run(argv, capture_output=True, check=True).stdout)
    assert all(abs(was - now) <= max(16, abs(was) / 32) for was, now in zip(samples, back, strict=True))
