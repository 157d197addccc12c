"""The report page over a year, as a browser gets it: on a database that :mod:`bench.year` has filled.

    python -m bench.page sqlite:////tmp/year.db
    python -m bench.page postgresql://acd@127.0.0.1/year

Of a database with two years (``bench.year --years 2``) the pages that compare one with the other are asked, too. Web
server and browser are one process; each page is asked three times. The accounts are in a database of their own.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final

import httpx
import itsdangerous

from acd.bootstrap.reports import ReportViews
from acd.cli.service import THREADS_TURN
from acd.engine.tally import Tally
from acd.figures.periods import midnight
from acd.model.account import Account, AuditAction, AuditEntry, Role
from acd.records import AccountStore, FigureBook, upgrade
from acd.web.app import create_app
from acd.web.door import Door
from acd.web.hub import Hub
from acd.web.reports_api import Reports
from acd.web.server import WebServer
from acd.web.snapshot import snapshot
from bench.city import write_city
from bench.engine import Bench
from bench.filling import LINES, OPERATORS, YEAR
from bench.web import SECRET, packed
from bench.year import LIMITS, WHOLE, query

_TURN: Final = 0.002
SPAN: Final = f"from={YEAR}-01-01&to={YEAR}-12-31"
MONTH: Final = f"from={YEAR}-10-01&to={YEAR}-10-31"
BESIDE: Final = f"base_from={YEAR - 1}-01-01&base_to={YEAR - 1}-12-31"
BESIDE_MONTH: Final = f"base_from={YEAR - 1}-10-01&base_to={YEAR - 1}-10-31"
PAGES: Final = {
    "/reports, a month": f"/reports?{MONTH}",
    "/reports, the year": f"/reports?{SPAN}&grain=month",
    "/reports/operators, the year": f"/reports/operators?{SPAN}",
    "/reports/citizens, the year": f"/reports/citizens?{SPAN}",
    "/reports/conversations, a subject in the year": f"/reports/conversations?{SPAN}&line={LINES[0]}&subject=subject0",
    "/reports/calls, the calls of the year": f"/reports/calls?{SPAN}&of=reachability",
    "/api/reports, the year's dashboard by month": f"/api/reports?{SPAN}&grain=month",
}
COMPARED: Final = {
    "/reports, a month beside that of the year before": f"/reports?{MONTH}&{BESIDE_MONTH}",
    "/reports, the year beside the one before": f"/reports?{SPAN}&grain=month&{BESIDE}",
    "/reports/citizens, the year beside the one before": f"/reports/citizens?{SPAN}&{BESIDE}",
}
"""Of a database that holds two years."""
BEFORE: Final = (midnight(date(YEAR - 1, 1, 1)), WHOLE[0])


async def measure(url: str, only: str, folder: Path) -> None:
    policy = write_city(folder / "queues.yaml", len(OPERATORS))
    engine, tally = Bench(policy).engine, Tally()
    hub = Hub(lambda: snapshot(engine.board(WHOLE[1]), tally))
    accounts = f"sqlite:///{folder}/accounts.db"
    await upgrade(accounts)
    store, book = AccountStore(accounts), FigureBook(url)
    door = Door(store, secret=SECRET, secure=False, clock=lambda: WHOLE[1])
    reports = Reports(book, ReportViews(url), lambda: LIMITS)
    server = WebServer(create_app(hub, door=door, reports=reports), hub, port=0)
    await server.start()
    try:
        async with httpx.AsyncClient(
            base_url=server.url, cookies={"acd": await _cookie(store, door)}, timeout=600
        ) as browser:
            two = (await book.report(query(BEFORE, ["offered"]))).total.values["offered"].of
            for name, address in (PAGES | COMPARED if two else PAGES).items():
                if only not in name:
                    continue
                took = [await _timed(browser, address) for _ in range(3)]
                walls = ", ".join(f"{wall:.2f}" for wall, *_ in took)
                busy, held = (min(numbers) for numbers in list(zip(*took, strict=True))[1:])
                print(f"{walls} s ({busy:.2f} s of this process, {held:.2f} s in one go)  {name}", flush=True)
    finally:
        await server.stop()
        await book.close()
        await store.close()


async def _cookie(store: AccountStore, door: Door) -> str:
    """Of a supervisor who has signed in."""
    account = Account("sven", Role.SUPERVISOR, WHOLE[1])
    await store.add(account, None, None, AuditEntry(WHOLE[1], "bench", "", AuditAction.ACCOUNT_ADDED, "sven"))
    token = await door.enter_as(account, "127.0.0.1")
    return itsdangerous.TimestampSigner(SECRET).sign(packed({"token": token})).decode()


async def _timed(browser: httpx.AsyncClient, address: str) -> tuple[float, float, float]:
    """Seconds that passed, that the process worked, and that others had to wait for their turn at most: where the
    engine runs in the same process, so long a caller waits for his operator."""
    turns = asyncio.create_task(_longest_wait())
    began, busy = time.perf_counter(), time.process_time()
    answer = await browser.get(address)
    took, worked = time.perf_counter() - began, time.process_time() - busy
    answer.raise_for_status()
    turns.cancel()
    return took, worked, await turns


async def _longest_wait() -> float:
    """Seconds that a turn came late at most, until cancelled."""
    longest = 0.0
    with suppress(asyncio.CancelledError):
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_TURN)
            longest = max(longest, time.perf_counter() - began - _TURN)
    return longest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of a database that bench.year has filled")
    parser.add_argument("--only", default="", help="pages with this in their name")
    asked = parser.parse_args()
    sys.setswitchinterval(THREADS_TURN)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(asked.url, asked.only, Path(folder)))


if __name__ == "__main__":
    main()
