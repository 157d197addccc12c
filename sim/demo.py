"""The demo: a simulated switch that speaks AMI, with citizens who call and operators who answer, in real time.

``python -m sim.demo`` starts the service on it and opens the wallboard; with ``--ami-port`` only the switch runs, for a
service that was started elsewhere; with ``--asterisk`` a real Asterisk takes the place of the simulated one.
"""

import asyncio
import secrets
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Annotated, Final

import typer
from pydantic import SecretStr

from acd.bootstrap.log import configure_log
from acd.bootstrap.service import Service
from acd.bootstrap.settings import Settings
from acd.config import load
from acd.model.ids import LineId, OperatorId
from acd.model.policy import Policy
from acd.runtime.control import ControlError, ask
from sim.ami_server import AmiServer
from sim.ami_session import Account
from sim.citizens import Crowd, Demand, Manner
from sim.demo_city import demo_queues
from sim.draws import Draw, exponential, lognormal, uniform
from sim.lab.demo import demo_on_asterisk
from sim.loop_time import LoopTime
from sim.operators import NEVER, Click, Desk, Style
from sim.phones import BUSY, RINGS, Habit, Leg
from sim.switch import SimSwitch

GAP: Final = 4.0
"""Seconds between two calls, on the average, at pace 1."""
BUSYNESS: Final = 0.76
"""Share of the operators' time that the calls would take if nobody gave up. Some are not at their desks, so the others
are busier than that, and now and then callers wait."""
AROUND_TALK: Final = 25.0
"""Seconds that a call costs an operator besides the talk: ringing and wrap-up."""
FIRST_RUSH: Final = 30.0
RUSH_EVERY: Final = 240.0
RUSH_TAKES: Final = 15.0
RUSH_SHARE: Final = 0.4
"""Share of all callers who come in rushes: so many wait then that they hear the offer to be called back, and in the
calm that follows there is time to do so."""
SHORTEST_TALK: Final = 15.0
PATIENCE: Final = 150.0
ACCEPTS: Final = 0.7
"""Share of those who hear the offer to be called back and want it."""


class Public:
    """The phones of citizens who are called back: most pick up. Implements :class:`~sim.phones.Hands`."""

    def __init__(self, talk: Draw, rng: Random) -> None:
        self._talk = talk
        self._rng = rng

    def invited(self, leg: Leg) -> Habit:
        drawn, after = self._rng.random(), 2.0 + 8.0 * self._rng.random()
        if drawn < 0.10:
            return RINGS
        if drawn < 0.17:
            return BUSY
        if drawn < 0.25:
            return Habit(after=after, voice=8.0)
        return Habit(after=after, voice=0.8, talk=self._talk(self._rng))

    def parted(self, leg: Leg) -> None:
        """Nothing follows."""


class DemoSwitch(AmiServer):
    """The server together with the people who use it."""

    def __init__(self, policy: Policy, time: LoopTime, *, secret: str, seed: int, pace: float) -> None:
        super().__init__(SimSwitch.of(policy, time), [Account.engine(secret)])
        self.secret = secret
        self._time = time
        self._policy = policy
        self._seed = seed
        self._desks: list[Desk] = []
        self._rush = RUSH_SHARE * pace / GAP * RUSH_EVERY
        wanted = demand(policy, pace)
        self.crowd = Crowd(self.switch, wanted, seed)
        self.switch.public = Public(next(iter(wanted.values())).manner.talk, Random(f"{seed}/public"))

    def open(self) -> None:
        """Citizens call from now on, and again and again many at once."""
        self.crowd.start()
        self._time.call_at(self._time.now() + FIRST_RUSH, self._come_in_a_rush)

    def _come_in_a_rush(self) -> None:
        self.crowd.rush(self._rush, RUSH_TAKES)
        self._time.call_at(self._time.now() + RUSH_EVERY, self._come_in_a_rush)

    def staff(self, click: Click) -> None:
        """The operators come to work, one after the other; ``click`` takes what they press on their pages."""
        for number, operator in enumerate(self._policy.operators.values()):
            desk = Desk(
                self.switch,
                operator,
                style(number),
                reasons=self._policy.reasons,
                click=click,
                rng=Random(f"{self._seed}/{operator.id}"),
            )
            desk.start(after=0.5 + number * 0.25)
            self._desks.append(desk)

    async def stop(self) -> None:
        """End the sessions, and time with them."""
        self.crowd.stop()
        self._time.close()
        await super().stop()


async def demo_switch(
    policy: Policy, *, ami_port: int = 0, seed: int = 1, pace: float = 1.0, secret: str = ""
) -> DemoSwitch:
    """A switch with the lines and phones of ``policy``, on a loopback port, in real time; citizens call from now on.

    Args:
        ami_port: 0 takes a free one; see ``port`` of what is returned.
        seed: the same seed gives the same citizens.
        pace: 1 = a call every four seconds; 2 = twice as many and shorter ones, and more than the operators can take.
        secret: of the account ``acd``; empty = a random one.
    """
    time = LoopTime.real(asyncio.get_running_loop())
    server = DemoSwitch(policy, time, secret=secret or secrets.token_urlsafe(16), seed=seed, pace=pace)
    await server.start(port=ami_port)
    server.open()
    return server


def demand(policy: Policy, pace: float) -> dict[LineId, Demand]:
    """Calls by line in the proportions of the forecast: with the rushes as many as keep the operators busy."""
    per_second = pace / GAP
    talk = max(SHORTEST_TALK, BUSYNESS * len(policy.operators) / per_second - AROUND_TALK)
    manner = Manner(menu=uniform(3.0, 8.0), patience=exponential(PATIENCE), talk=lognormal(talk), accepts=ACCEPTS)
    steady = (1 - RUSH_SHARE) * per_second
    forecast = sum(line.calls_per_day for line in policy.lines.values())
    return {line.id: Demand(3600 * steady * line.calls_per_day / forecast, manner) for line in policy.lines.values()}


def style(number: int) -> Style:
    """Mostly good people; every seventh is not at his desk, and every fifth rejects now and then."""
    if number % 7 == 6:
        return NEVER
    return Style(rejects=0.1) if number % 5 == 4 else Style()


class Pages:
    """The operators' clicks, put to a running service through its control socket. A service that is not there, or says
    no, is no reason to stop the demo."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, operator: OperatorId, button: str, reason: str) -> None:
        task = asyncio.create_task(self._press(operator, button, reason))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _press(self, operator: OperatorId, button: str, reason: str) -> None:
        with suppress(ControlError):
            await ask(self._socket, "operator", operator=operator, action=button, reason=reason, by="demo")


# --- Command line --------------------------------------------------------------------------------------------------


def main(
    *,
    ami_port: Annotated[int | None, typer.Option(help="Only the switch, on this port (0 = a free one).")] = None,
    secret: Annotated[str, typer.Option(help="Password of the AMI account acd; empty = a random one.")] = "",
    queues: Annotated[Path, typer.Option(help="Lines and operators.")] = Path("queues.yaml"),
    state: Annotated[Path, typer.Option(help="Folder of the service.")] = Path("var/demo"),
    web_port: Annotated[int, typer.Option(help="Port of the wallboard; 0 = a free one.")] = 8080,
    seed: Annotated[int, typer.Option(help="The same seed gives the same citizens.")] = 1,
    pace: Annotated[float, typer.Option(min=0.01, help="1 = a call every four seconds.")] = 1.0,
    browser: Annotated[bool, typer.Option(help="Open the wallboard.")] = True,
    asterisk: Annotated[bool, typer.Option("--asterisk", help="On a real Asterisk 22, with SIPp. Needs root.")] = False,
    flows: Annotated[Path, typer.Option(help="Menus, for the real Asterisk.")] = Path("ivr_flows"),
) -> None:
    """Citizens call, operators answer, and acd brings them together."""
    configure_log()
    if asterisk:
        asyncio.run(
            demo_on_asterisk(
                queues, flows, state, web_port=web_port, pace=pace, ready=lambda service: show(service, browser)
            )
        )
        return
    policy = load(queues).policy

    async def run() -> None:
        server = await demo_switch(policy, ami_port=ami_port or 0, seed=seed, pace=pace, secret=secret)
        lose_a_phone(server, policy)
        try:
            if ami_port is None:
                await serve(server, queues, state, web_port, browser)
            else:
                say(f"AMI port {server.port}, user acd, secret {server.secret}")
                server.staff(Pages(state / "control.sock"))
                await asyncio.Event().wait()
        finally:
            await server.stop()

    with suppress(KeyboardInterrupt):
        asyncio.run(run())


async def serve(server: DemoSwitch, queues: Path, state: Path, web_port: int, open_it: bool) -> None:
    """The service, in the same process as its switch, until a signal."""
    settings = Settings(
        queues=demo_queues(queues, state),
        state=state,
        ami_port=server.port,
        ami_secret=SecretStr(server.secret),
        ami_secret_file=None,
        web_port=web_port,
    )

    def ready(service: Service) -> None:
        server.staff(Pages(settings.socket))
        show(service, open_it)

    await Service(settings).run(ready)


def lose_a_phone(server: DemoSwitch, policy: Policy) -> None:
    """The last operator's phone is not registered: the wallboard shows that too."""
    server.switch.unregister(list(policy.operators.values())[-1].device)


def show(service: Service, open_it: bool) -> None:
    say("\n".join(service.greeting()))
    if open_it:
        webbrowser.open(service.web_url)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
