"""The wallboard with an invented city behind it: ``python -m tests.web.demo_server --port 8080``."""

import argparse
import asyncio
import time

from acd.web.app import create_app
from acd.web.hub import Hub
from acd.web.server import WebServer
from acd.web.snapshot import Snapshot, snapshot
from tests.web.city import LivingCity


async def run(port: int, busy: float, crisis: str | None, state: str) -> None:
    city = LivingCity()
    for step in range(3000):
        city.step(time.time() - (3000 - step) / 5, busy)

    def source() -> Snapshot | None:
        if state == "loading":
            return None
        now = time.time()
        board = city.board(now, linked=state != "unlinked", **({"crisis": crisis} if crisis else {}))
        if state == "empty":
            return snapshot(type(board)(now, True, None, False, (), (), ()), city.tally)
        return snapshot(board, city.tally, link_lost_at=now - 75)

    hub = Hub(source)
    server = WebServer(create_app(hub), hub, port=port)
    await server.start()
    print(server.url, flush=True)  # noqa: T201
    try:
        while True:
            await asyncio.sleep(0.2)
            city.step(time.time(), busy)
            hub.changed()
    finally:
        await server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--busy", type=float, default=1.0, help="1 = a working day, 3 = a storm")
    parser.add_argument("--crisis", help="id of a crisis message")
    parser.add_argument("--state", choices=["living", "loading", "empty", "unlinked"], default="living")
    options = parser.parse_args()
    asyncio.run(run(options.port, options.busy, options.crisis, options.state))


if __name__ == "__main__":
    main()
