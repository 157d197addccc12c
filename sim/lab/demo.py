"""The demo on a real Asterisk 22: SIPp plays citizens and operators, the service runs as it would in a city."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from acd.bootstrap.service import Service
from acd.bootstrap.settings import Settings
from acd.config import City, load
from acd.runtime.control import ask
from sim.lab.asterisk import Lab
from sim.lab.city import always_open, city_lab
from sim.lab.sipp import Farm

STYLES: Final = ((1.5, 25.0), (3.0, 40.0), (2.0, 60.0), (5.0, 30.0))
"""Operators in turn: seconds until they answer, and that they talk."""
PATIENCE: Final = 75.0
"""Seconds after which a citizen hangs up, served or not."""
MANY: Final = 100_000
"""Citizens a line: more than will call while anybody looks."""


async def demo_on_asterisk(
    queues: Path, flows: Path, state: Path, *, web_port: int, pace: float, ready: Callable[[Service], None]
) -> None:
    """Run until a signal.

    Args:
        pace: 1 = a call every four seconds over all lines.
        ready: told of the service, once its pages answer.

    Raises:
        LabError: there is no Asterisk, or no root.
    """
    city = always_open(load(queues))
    with city_lab(city, flows) as lab, Farm(lab, state / "sipp") as farm:
        answer_calls(lab, farm)
        settings = Settings(
            queues=queues,
            flows=flows,
            state=state,
            ami_port=lab.ami_port,
            ami_user=lab.ami_user,
            ami_secret=SecretStr(lab.ami_secret),
            ami_secret_file=None,
            web_port=web_port,
        )
        tasks: list[asyncio.Task[None]] = []

        def opened(service: Service) -> None:
            tasks.append(asyncio.create_task(open_the_lines(settings, farm, city, pace)))
            ready(service)

        await Service(settings).run(opened)
        await asyncio.gather(*tasks)


def answer_calls(lab: Lab, farm: Farm) -> None:
    """Every operator's phone, in a few styles."""
    devices = sorted(lab.phone_secrets)
    for number, (ring, talk) in enumerate(STYLES):
        mine = {device: lab.phone_secrets[device] for device in devices[number :: len(STYLES)]}
        if mine:
            farm.operators(f"operators-{number}", mine, ring=ring, talk=talk)


async def open_the_lines(settings: Settings, farm: Farm, city: City, pace: float) -> None:
    """Operators log in, then citizens call each line's own number in the proportions of the forecast."""
    for operator in city.policy.operators:
        for action in ("login", "ready"):
            await ask(settings.socket, "operator", operator=operator, action=action, by="demo")
    forecast = sum(line.calls_per_day for line in city.policy.lines.values())
    for number, line in enumerate(city.policy.lines.values()):
        dids = city.lines[line.id].dids
        if dids:
            farm.citizens(
                f"citizens-{line.id}",
                dids[0],
                prefix=f"+32470{number:02}",
                count=MANY,
                rate=pace / 4 * line.calls_per_day / forecast,
                hold=PATIENCE,
            )
