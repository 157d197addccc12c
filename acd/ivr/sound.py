"""Telephone sound: 8 kHz, mono, 16 bit; levelled, so that no prompt shouts at the caller or is lost in the noise.

``sox`` reads whatever the speech program or a studio delivers; the rest is plain arithmetic.
"""

import io
import math
import subprocess
import sys
import wave
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Final

RATE: Final = 8000
FRAME: Final = 160
"""Samples in 20 ms, the time of one RTP packet."""

FULL: Final = 32768.0
SPEECH_LEVEL: Final = -20.0
"""dB below full scale of the active speech, that is without the pauses. Telephone networks are laid out for speech of
-20 dBm0 or so (ITU-T G.223 takes -15 dBm0 with pauses counted in)."""

PEAK_LEVEL: Final = -1.0
SILENCE: Final = -50.0
"""dB; whatever stays below has no speech in it."""
PAUSE: Final = 30.0
"""dB below the loudest frame at which a frame counts as a pause."""

BEFORE, AFTER = 3, 10
"""Frames of pause kept before the first word and after the last of a sentence."""
PART_BEFORE, PART_AFTER = 1, 4
"""The same for a part of a sentence, which is strung together with others: a number, a time, "tussen"."""

SOX_HEADROOM: Final = "-6"
SOX_TIMEOUT: Final = 60.0


class BadSound(Exception):
    """{what is wrong with a sound file}."""


def read_sound(path: Path) -> "array[int]":
    """The samples of a sound file of any rate, format and number of channels, at half level.

    Raises:
        BadSound: sox is missing, or cannot read the file.
    """
    raw = ["-t", "raw", "-e", "signed-integer", "-b", "16", "-L", "-c", "1", "-"]
    # An absolute path: sox takes a name that begins with | for a command.
    argv = ["sox", "-V1", str(path.resolve()), *raw, "gain", SOX_HEADROOM, "rate", str(RATE)]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=SOX_TIMEOUT, check=False)  # noqa: S603
    except OSError as error:
        raise BadSound(f"sox cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired:
        raise BadSound(f"sox was not done after {SOX_TIMEOUT:.0f} s") from None
    if done.returncode != 0:
        raise BadSound(f"sox cannot read it: {one_line(done.stderr)}")
    samples = array("h")
    samples.frombytes(done.stdout[: len(done.stdout) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def levelled(samples: "array[int]", *, part: bool = False) -> "array[int]":
    """The same speech at :data:`SPEECH_LEVEL`, without long pauses at either end.

    Args:
        part: of a sentence.

    Raises:
        BadSound: there is no speech in it.
    """
    frames = [decibels(samples[at : at + FRAME]) for at in range(0, len(samples), FRAME)]
    loudest = max(frames, default=-math.inf)
    if loudest < SILENCE:
        raise BadSound("there is nothing to be heard in it")
    active = [index for index, level in enumerate(frames) if level >= loudest - PAUSE]
    power = sum(10 ** (frames[index] / 10) for index in active) / len(active)
    peak = max(abs(sample) for sample in samples)
    gain = min(10 ** (SPEECH_LEVEL / 20) / math.sqrt(power), 10 ** (PEAK_LEVEL / 20) * FULL / peak)
    before, after = (PART_BEFORE, PART_AFTER) if part else (BEFORE, AFTER)
    kept = samples[max(0, active[0] - before) * FRAME : (active[-1] + 1 + after) * FRAME]
    return array("h", [round(sample * gain) for sample in kept])


def decibels(samples: Sequence[int]) -> float:
    """Power of ``samples`` in dB below full scale."""
    power = sum(sample * sample for sample in samples) / len(samples) / FULL**2
    return 10 * math.log10(power) if power else -math.inf


def as_wav(samples: "array[int]") -> bytes:
    """A WAV file of 8 kHz, mono, 16 bit: the only kind that Asterisk's ``format_wav`` plays as ``.wav``."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(_little_endian(samples))
    return file.getvalue()


def as_alaw(samples: "array[int]") -> bytes:
    """Raw G.711 A-law: Asterisk's ``.alaw``, sent to an A-law trunk as it is."""
    return bytes(map(_ALAW.__getitem__, samples))


def one_line(output: bytes) -> str:
    """The last line that a program wrote about its failure."""
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else "it does not say why"


def _little_endian(samples: "array[int]") -> bytes:
    if sys.byteorder == "little":
        return samples.tobytes()
    swapped = array("h", samples)
    swapped.byteswap()
    return swapped.tobytes()


# Upper ends of the eight segments of G.711 A-law, in 13-bit samples.
_SEGMENTS: Final = tuple((32 << segment) - 1 for segment in range(8))


def _alaw(sample: int) -> int:
    """ITU-T G.711, table 1a: sign, segment, four bits of place in the segment; even bits inverted."""
    value = sample >> 3
    sign = 0xD5 if value >= 0 else 0x55
    value = value if value >= 0 else -value - 1
    segment = next(number for number, end in enumerate(_SEGMENTS) if value <= end)
    place = (value >> max(segment, 1)) & 0x0F
    return (segment << 4 | place) ^ sign


# In the order in which Python counts: 0 to 32767, then -32768 to -1 from the end.
_ALAW: Final = bytes(_alaw(sample) for sample in (*range(32768), *range(-32768, 0)))
