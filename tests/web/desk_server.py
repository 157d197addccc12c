"""The pages for people, with promises and a busy floor made up: ``python -m tests.web.desk_server --port 8080``.

Sign in as ada (administrator), sven (supervisor) or olga (operator).
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from acd.web.server import WebServer
from tests.web.floors import busy_floor
from tests.web.house import PASSWORD, opened
from tests.web.promises import busy_day


async def run(port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        floor = busy_floor(time.time())
        names = ("localhost", "127.0.0.1")
        async with opened(Path(folder), busy_day(time.time()), names=names, floor=floor) as house:
            house.now = time.time()
            server = WebServer(house.app, house.hub, port=port)
            await server.start()
            print(f"{server.url}/login, password: {PASSWORD}", flush=True)  # noqa: T201
            while True:
                await asyncio.sleep(0.2)
                house.now = floor.now = time.time()
                house.hub.changed()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    asyncio.run(run(parser.parse_args().port))
