"""What all commands share: the two streams, the settings, the running service, and how a fault is said."""

import asyncio
import getpass
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console

from acd.bootstrap.settings import Settings
from acd.model.mendable import Mendable
from acd.model.zone import ZONE
from acd.runtime.control import ask

if TYPE_CHECKING:
    from acd.figures.report import Gap

out = Console(soft_wrap=True, highlight=False, markup=False)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)

T = TypeVar("T")


def fail(message: str, code: int = 1) -> NoReturn:
    err.print(message)
    raise typer.Exit(code)


def settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        faults = [f"ACD_{'.'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in error.errors()]
        fail("\n".join(faults))


@contextmanager
def plainly() -> Iterator[None]:
    """What the person can mend is said without a traceback."""
    try:
        yield
    except (Mendable, OSError) as error:
        fail(said(error))


def said(error: Exception) -> str:
    """What went wrong, without the number that the system has for it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def carry_out(work: Coroutine[Any, Any, T]) -> T:
    with plainly():
        return asyncio.run(work)


def request(do: str, **details: Any) -> dict[str, Any]:
    return carry_out(ask(settings().socket, do, **details))


def whoami() -> str:
    return f"cli:{getpass.getuser()}"


def clock(at: float, fine: bool = False) -> str:
    moment = datetime.fromtimestamp(at, ZONE)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}" if fine else f"{moment:%Y-%m-%d %H:%M:%S}"


def minute(at: float) -> str:
    return f"{datetime.fromtimestamp(at, ZONE):%Y-%m-%d %H:%M}"


def window(moments: dict[str, float]) -> str:
    """``2027-03-01 10:00-10:30``; the end with its day if that is another one."""
    start, end = minute(moments["start"]), minute(moments["end"])
    return f"{start}-{end[11:] if start[:10] == end[:10] else end}"


def row_dict(row: msgspec.Struct) -> dict[str, Any]:
    return {field: getattr(row, field) for field in row.__struct_fields__}


def show_gaps(gaps: "Iterable[Gap]") -> None:
    """When nothing could be seen."""
    for gap in gaps:
        began = "the begin" if gap.began_at is None else clock(gap.began_at)
        ended = "now" if gap.ended_at is None else clock(gap.ended_at)
        repaired = f"; {gap.repaired} calls repaired from Asterisk's own record" if gap.repaired else ""
        out.print(f"* nothing could be seen from {began} to {ended} ({gap.reason}): counts are a lower bound{repaired}")
