"""``python -m fuzz``: each target for some seconds, one after the other, guided by what code is reached (atheris).

An input that breaks a target is written to ``fuzz/corpus/<target>``, where the ordinary tests try it from then on: mend
the fault, keep the input. What only reaches new code stays in the user's cache and is where the next run begins.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

from fuzz.seeds import CORPUS, NAMES, seeds

LONGEST: Final = 4096
"""Bytes of an input."""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    options.add_argument("target", nargs="*", choices=[[], *NAMES], help="default: all")
    options.add_argument("--seconds", type=int, default=6, help="for each target (6)")
    options.add_argument("--work", type=Path, help="folder for inputs that reach new code (in the user's cache)")
    options.add_argument("--inside", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.inside:
        _fuzz(chosen.inside, chosen.work, chosen.seconds)
    from sim.lab.asterisk import cache_folder  # noqa: PLC0415 - imports what a target watches as it is imported

    work = chosen.work or cache_folder() / "fuzz"
    broken = [name for name in chosen.target or NAMES if not _run(name, work / name, chosen.seconds)]
    if broken:
        print(f"broken: {', '.join(broken)}; see fuzz/corpus", file=sys.stderr)
    return 1 if broken else 0


def _run(name: str, work: Path, seconds: int) -> bool:
    work.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (work / f"seed-{number}").write_bytes(seed)
    print(f"{name}: {seconds} s", file=sys.stderr)
    command = [sys.executable, "-m", "fuzz", "--inside", name, "--seconds", str(seconds), "--work", str(work)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
    else:
        print(next((row for row in reversed(done.stderr.splitlines()) if row.startswith("Done ")), ""), file=sys.stderr)
    return done.returncode == 0


def _fuzz(name: str, work: Path, seconds: int) -> None:
    """Never returns: libFuzzer ends the process, with 0 when nothing broke."""
    import atheris  # noqa: PLC0415 - an extra

    found = CORPUS / name
    found.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=["acd"]):
        from fuzz.targets import TARGETS  # noqa: PLC0415 - what it imports is to be watched
    flags = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-artifact_prefix={found}/", "-timeout=10"]
    atheris.Setup([sys.argv[0], *flags, str(work)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    raise SystemExit(main())
