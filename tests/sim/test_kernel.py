"""Virtual time: order, cancelling, and the same order on asyncio."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from sim.kernel import Kernel, Timer
from sim.loop_time import LoopTime, VirtualLoop

MOMENTS = st.lists(st.floats(0, 100, allow_nan=False), max_size=60)


@given(MOMENTS)
def test_timers_fire_in_order_of_time_and_then_of_setting(moments: list[float]) -> None:
    kernel, fired = Kernel(), []
    for number, at in enumerate(moments):
        kernel.call_at(at, lambda number=number: fired.append((kernel.now(), number)))
    kernel.run()
    assert fired == sorted((at, number) for number, at in enumerate(moments))


@given(MOMENTS, st.sets(st.integers(0, 59)), st.floats(0, 100))
def test_cancelled_timers_do_not_fire_and_late_ones_wait(
    moments: list[float], cancelled: set[int], until: float
) -> None:
    kernel = Kernel()
    fired: list[int] = []
    timers = [kernel.call_at(at, fired.append, number) for number, at in enumerate(moments)]
    for number in cancelled & set(range(len(timers))):
        timers[number].cancel()
    kernel.run_until(until)
    assert set(fired) == {n for n, at in enumerate(moments) if at <= until and n not in cancelled}
    assert kernel.now() == until


def test_a_timer_in_the_past_fires_now_and_time_never_goes_back() -> None:
    kernel, seen = Kernel(50.0), []
    kernel.call_at(10.0, lambda: seen.append(kernel.now()))
    kernel.call_at(60.0, lambda: kernel.call_at(kernel.now() - 5, lambda: seen.append(kernel.now())))
    kernel.run()
    assert seen == [50.0, 60.0]


def test_what_is_due_while_time_skips_fires_late() -> None:
    kernel, seen = Kernel(), []
    kernel.call_at(1.0, lambda: seen.append(kernel.now()))
    kernel.skip_to(3.0)
    kernel.run_until(4.0)
    assert seen == [3.0]


def test_a_million_cancelled_timers_leave_nothing_behind() -> None:
    kernel = Kernel()
    for number in range(200_000):
        kernel.call_at(1e6 + number, print).cancel()
    assert len(kernel._timers) <= kernel.SWEEP
    assert kernel.next_at() is None


def test_a_timer_can_be_cancelled_by_one_of_the_same_moment() -> None:
    kernel = Kernel()
    fired: list[str] = []
    timers: list[Timer] = []

    def cancel_second() -> None:
        timers[0].cancel()

    kernel.call_at(1.0, cancel_second)
    timers.append(kernel.call_at(1.0, fired.append, "second"))
    kernel.run()
    assert fired == []


@given(MOMENTS)
def test_the_same_order_on_an_event_loop(moments: list[float]) -> None:
    """Among timers of the same moment asyncio by itself keeps no order."""
    start, fired = 1_800_000_000.0, []

    async def run() -> None:
        time = LoopTime(asyncio.get_running_loop())
        for number, at in enumerate(moments):
            time.call_at(start + at, lambda number=number: fired.append((time.now(), number)))
        await asyncio.sleep(101)

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(start)) as runner:
        runner.run(run())
    assert fired == sorted((start + at, number) for number, at in enumerate(moments))


def test_waiting_takes_no_time_and_sockets_work() -> None:
    async def run() -> float:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            line = await reader.readline()
            await asyncio.sleep(3600)
            writer.write(line)
            writer.close()

        start = asyncio.get_running_loop().time()
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        writer.write(b"hello\n")
        assert await reader.read() == b"hello\n"
        writer.close()
        server.close()
        return asyncio.get_running_loop().time() - start

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(run()) == 3600


def test_real_time_follows_the_loop() -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        time = LoopTime(loop, 1000.0)
        fired = asyncio.Event()
        time.call_at(time.now() + 0.02, fired.set)
        before = time.now()
        await asyncio.wait_for(fired.wait(), 5)
        assert before >= 1000.0
        assert time.now() >= before + 0.02
        time.call_at(time.now(), fired.clear)
        time.close()
        await asyncio.sleep(0.01)
        assert fired.is_set()

    asyncio.run(run())
