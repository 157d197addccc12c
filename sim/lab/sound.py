"""Tones: what a prompt of the lab is, and whether a caller heard it."""

import math
import struct
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path

RATE = 8000


def tone(path: Path, hertz: int, seconds: float) -> None:
    """Write a sound file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = (int(12000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(int(RATE * seconds)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


def steady(hertz: int) -> bytes:
    """20 ms of this tone in A-law, to be said again and again: a multiple of 50 Hz."""
    samples = (8000 * math.sin(2 * math.pi * hertz * n / RATE) for n in range(RATE // 50))
    return bytes(min(range(256), key=lambda octet: abs(_ALAW[octet] - sample)) for sample in samples)


def carried(packets: Iterable[bytes], hertz: int, share: float) -> float:
    """Part of the A-law packets of which this tone is more than ``share`` of all the sound, 0 to 1."""
    shares = [loudness(linear(packet), hertz) for packet in packets]
    return sum(one > share for one in shares) / max(1, len(shares))


def heard(packets: Iterable[bytes], hertz: int) -> float:
    """Seconds for which A-law packets of 20 ms carry this tone more than anything else."""
    return sum(len(packet) for packet in packets if loudness(linear(packet), hertz) > 0.5) / RATE


def recorded(path: Path) -> list[int]:
    """The samples of a sound file of 8 kHz, -32768 to 32767.

    Raises:
        ValueError: It is of another kind.
    """
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getsampwidth(), file.getnchannels()) != (RATE, 2, 1):
            raise ValueError(f"{path}: not 16 bit, mono, {RATE} Hz")
        return [sample for (sample,) in struct.iter_unpack("<h", file.readframes(file.getnframes()))]


def loudness(samples: Sequence[int], hertz: int) -> float:
    """Part of the sound's energy that is this tone (Goertzel), 0 to 1; 0 of what nobody would hear."""
    energy = sum(sample * sample for sample in samples)
    if energy < 1e6:
        return 0.0
    step = 2 * math.cos(2 * math.pi * hertz / RATE)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + step * last - before
    power = last * last + before * before - step * last * before
    return power / (energy * len(samples) / 2)


def linear(packet: bytes) -> list[int]:
    """The samples of A-law octets."""
    return [_ALAW[octet] for octet in packet]


def _linear(octet: int) -> int:
    """ITU-T G.711, A-law."""
    octet ^= 0x55
    exponent, mantissa = (octet >> 4) & 7, octet & 15
    value = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return value if octet & 0x80 else -value


_ALAW = [_linear(octet) for octet in range(256)]
