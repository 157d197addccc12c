"""The operator's desk with invented calls behind it: ``python -m tests.web.operator_server --port 8080``.

Sign in as olga, and steer at standard input: ``ring``, ``answer``, ``hangup``, ``callback``.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from acd.web.server import WebServer
from tests.web.earlier import history
from tests.web.exchange import MARIE
from tests.web.house import PASSWORD, House, opened
from tests.web.promises import busy_day


async def run(port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder), busy_day(time.time()), names=("localhost", "127.0.0.1")) as house:
            house.now = time.time()
            await history(house.contacts, MARIE, house.now)
            house.exchange.link()
            server = WebServer(house.app, house.hub, port=port)
            await server.start()
            print(f"{server.url}/login, password: {PASSWORD}", flush=True)  # noqa: T201
            commands = asyncio.create_task(steer(house))
            while not commands.done():
                await asyncio.sleep(0.1)
                house.now = time.time()
                house.exchange.tick()


async def steer(house: House) -> None:
    exchange, n = house.exchange, 0
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        match line:
            case "ring":
                n += 1
                exchange.call(f"17.{n}", waited=74.0)
                offer = exchange.ring()
            case "answer":
                exchange.answer(offer)
            case "hangup":
                exchange.hang_up(f"17.{n}")
            case "callback":
                exchange.call_back("due")
            case _:
                print("ring, answer, hangup or callback", flush=True)  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    asyncio.run(run(parser.parse_args().port))
