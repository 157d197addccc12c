"""Two engines and two Asterisk servers, with AMI over TLS: whoever takes over has both, and serves the callers of both
in one order; whoever led can act at neither."""

import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from acd.config import City
from acd.model.ids import CallId, server_of
from sim.lab.postgres import Cluster
from sim.lab.proxy import introduce
from tests.asterisk.test_tls import LOOPBACK, Authority, TlsLab
from tests.e2e.conftest import until
from tests.e2e.test_two_engines import House, all_live, settled
from tests.records.conftest import cluster

__all__ = ["cluster"]

pytestmark = [pytest.mark.alone, pytest.mark.asterisk, pytest.mark.postgresql, pytest.mark.timeout(240)]


@pytest.fixture
def house(city: City, menus: str, cluster: Cluster, tmp_path: Path) -> Iterator[House]:
    ours = Authority(tmp_path, "the-citys-own")
    a, b = (
        TlsLab(city.policy, dialplan=menus, server=name, host=host, files={"ami.pem": ours.host(LOOPBACK)}, qualify=2)
        for name, host in (("a", "127.0.0.11"), ("b", "127.0.0.12"))
    )
    introduce(a, b)
    with a, b:
        house = House(a, cluster, tmp_path, b)
        servers = json.dumps({lab.server: f"127.0.0.1:{lab.slot.port(3)}" for lab in (a, b)})
        for name in ("one", "two"):
            house.engine(
                name,
                ACD_SERVERS=servers,
                ACD_AMI_TLS="true",
                ACD_AMI_CA=str(ours.file),
                ACD_AMI_PORT="1",
                ACD_CEL=str(tmp_path / "none.csv"),
            )
        try:
            yield house
        finally:
            for engine in house.engines.values():
                engine.end()


async def test_a_standby_takes_over_both_servers_and_the_one_who_wakes_up_acts_at_neither(house: House) -> None:
    async with AsyncExitStack() as stack:
        one, two = house.engines["one"], house.engines["two"]
        await one.start()
        await until(lambda: all_live(one), 30, "both servers are seen")
        await two.stand_by()
        await house.open(stack, one, waiting=4)

        since = house.about_to_lose(one, two)
        one.kill()
        await house.taken_over(two, "two servers, kill -9", since)
        await house.serve(1)

        await one.stand_by()
        since = house.about_to_lose(two, one)
        two.freeze()
        await house.taken_over(one, "two servers, SIGSTOP", since)
        await house.serve(1)
        told, moved = await settled(house, one), house.answered()
        two.thaw()
        await until(lambda: two.ended is not None, 30, "the one who wakes up ends")
        assert two.ended == 75 and "no longer leads" in two.log()
        house.nobody_is_cut_off()
        assert (await settled(house, one), house.answered()) == (told, moved), "it wrote nothing and moved nobody"
        assert await all_live(one)
        await house.serve(2)
        await house.end()
        served = [server_of(CallId(row.call)) for row in await house.rows() if row.answered_at is not None]
        assert served[3:] == ["b", "a", "b", "a"], "those who waited at both, in turn as they had come"
