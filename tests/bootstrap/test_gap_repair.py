"""Gaps are repaired from Asterisk's own record: of however many gaps a day had, it is read once, for it is read beside
the calls of the moment."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from acd.asterisk.cel import read_told
from acd.bootstrap import repair
from acd.bootstrap.repair import GapRepair, NoRecord, Repairer
from acd.bootstrap.settings import Settings
from acd.config import load
from acd.model.events import LinkCameUp, LinkWentDown
from acd.model.told import Told
from acd.records import Archive, Ledger, upgrade
from acd.records.repair import Blind

ROOT = Path(__file__).parents[2]
GAPS = 5
DAY = 1_790_000_000.0


def lines(call: int, at: float) -> str:
    """Who came in then, joined a line, and gave up after 20 s."""

    def line(event: str, at: float, note: str) -> str:
        return f'"{at:.6f}","{event}","{{""extra"":""{note}""}}"\n'

    came, joined = f"{call}.1|menu|{at:.3f}|3292101010||nl|||||||", f"start|gentinfo|{at + 1:.3f}||||"
    waits = f"{call}.1|wait|{at:.3f}|3292101010||nl|{joined}"
    gone = f"{waits[:-1]}|{at + 21:.3f}"
    return line("AcdArrived", at, came) + line("AcdQueued", at + 1, waits) + line("AcdGone", at + 21, gone)


async def test_the_record_is_read_once_for_all_gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Any] = []

    read_beside = repair.read_beside

    async def read(*asked: Any) -> Told:
        reads.append(asked)
        return await read_beside(*asked)

    monkeypatch.setattr(repair, "read_beside", read)
    file = tmp_path / "acd.csv"
    begins = [DAY + 600 * number for number in range(GAPS)]
    file.write_text("".join(lines(number, at + 5) for number, at in enumerate(begins)))
    url = f"sqlite:///{tmp_path}/acd.db"
    await upgrade(url)
    now, city = DAY + 3600, load(ROOT / "queues.yaml")
    repairer = Repairer(url, [file], lambda: city, lambda: now)
    async with Ledger(url, tmp_path / "spill") as ledger:
        for at in begins:
            ledger.write([LinkWentDown(at, "cut"), LinkCameUp(at + 60, 0, 0)])
        found = await GapRepair(repairer, ledger, lambda: now, lambda _: None).repair(DAY - 60, now)
        assert (found.gaps, found.calls, found.bad, len(reads)) == (GAPS, GAPS, (), 1)
        again = await GapRepair(repairer, ledger, lambda: now, lambda _: None).repair(DAY - 60, now)
        assert (again.gaps, again.calls) == (GAPS, 0)
    archive = Archive(url)
    assert {row.outcome for row in await archive.calls(limit=10)} == {"abandoned"}
    await archive.close()
    await repairer.close()


async def test_another_process_tells_all_that_the_record_does_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "acd.csv"
    file.write_text(lines(0, DAY) + "damaged\n" + lines(1, DAY + 60))
    told = await repair.read_beside(file, DAY)
    assert (told, len(told.calls)) == (read_told(file, DAY), 2)
    assert [(line.file, line.number) for line in told.bad] == [(file, 4)]


async def test_a_record_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file, url = tmp_path / "acd.csv", f"sqlite:///{tmp_path}/acd.db"
    await upgrade(url)
    async with Ledger(url, tmp_path / "spill") as ledger:
        ledger.write([LinkWentDown(DAY, "cut"), LinkCameUp(DAY + 60, 0, 0)])
        await ledger.caught_up()
    repairer = Repairer(url, [file], lambda: load(ROOT / "queues.yaml"), lambda: DAY + 100)
    with pytest.raises(NoRecord, match=r"acd\.csv is not there"):
        await repairer.find(DAY, DAY + 90)
    (tmp_path / "acd.csv.gz").write_bytes(b"no archive")
    with pytest.raises(NoRecord, match=r"acd\.csv: Not a gzipped file"):
        await repairer.find(DAY, DAY + 90)
    await repairer.close()


async def test_of_several_servers_the_record_of_each_is_read_and_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    a, b, url = tmp_path / "a.csv", tmp_path / "b.csv", f"sqlite:///{tmp_path}/acd.db"
    a.write_text(lines(0, DAY + 5))
    await upgrade(url)
    city = load(ROOT / "queues.yaml")
    repairer = Repairer(url, [a, b], lambda: city, lambda: DAY + 200)
    async with Ledger(url, tmp_path / "spill") as ledger:
        ledger.write([LinkWentDown(DAY, "cut"), LinkCameUp(DAY + 60, 0, 0)])
        mender = GapRepair(repairer, ledger, lambda: DAY + 200, lambda _: None)
        without = await mender.repair(DAY - 60, DAY + 90)
        assert (without.calls, len(without.unread), without.done) == (1, 1, ()), "a's is told, and b's may come"
        assert "b.csv is not there" in without.unread[0]
        again = await mender.repair(DAY - 60, DAY + 90)
        assert (again.calls, len(again.unread), again.done) == (0, 1, ()), "what is told of a is not all"
        b.write_text(lines(1, DAY + 30))
        whole = await mender.repair(DAY - 60, DAY + 90)
        assert (whole.calls, whole.unread) == (1, ())
        assert (await mender.repair(DAY - 60, DAY + 90)).done == (Blind(DAY, DAY + 60),)
    a.unlink()
    b.unlink()
    with pytest.raises(NoRecord, match=r"a\.csv is not there.*; .*b\.csv is not there"):
        await repairer.find(DAY, DAY + 90)
    await repairer.close()


async def test_a_record_on_a_machine_that_does_not_answer_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, url = tmp_path / "a.csv", tmp_path / "b.csv", f"sqlite:///{tmp_path}/acd.db"
    a.write_text(lines(0, DAY + 5))
    await upgrade(url)
    read_beside = repair.read_beside

    async def read(cel: Path, since: float) -> Told:
        if cel == b:
            monkeypatch.setattr(repair, "READING", 60.0)
            await asyncio.Event().wait()
        return await read_beside(cel, since)

    monkeypatch.setattr(repair, "read_beside", read)
    monkeypatch.setattr(repair, "READING", 0.0)
    repairer = Repairer(url, [b, a], lambda: load(ROOT / "queues.yaml"), lambda: DAY + 200)
    async with Ledger(url, tmp_path / "spill") as ledger:
        ledger.write([LinkWentDown(DAY, "cut"), LinkCameUp(DAY + 60, 0, 0)])
        found = await GapRepair(repairer, ledger, lambda: DAY + 200, lambda _: None).repair(DAY - 60, DAY + 90)
    assert found.calls == 1
    assert [why.removeprefix(str(tmp_path)) for why in found.unread] == ["/b.csv could not be read within 60 s"]
    await repairer.close()


@pytest.mark.parametrize(
    ("said", "files"),
    [("", []), (":", []), ("/a.csv", ["/a.csv"]), ("/a.csv:/b.csv", ["/a.csv", "/b.csv"]), (" /a: /b:", ["/a", "/b"])],
)
def test_the_records_of_several_servers_are_named_with_colons(
    said: str, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACD_CEL", said)
    assert Settings().cel == tuple(map(Path, files))


async def test_a_gap_of_which_all_is_told_needs_no_look_any_more(tmp_path: Path) -> None:
    """But for who is on the line still, and for what may not be written down yet."""
    file, url, now = tmp_path / "acd.csv", f"sqlite:///{tmp_path}/acd.db", DAY + 100
    there = lines(1, DAY + 1250).splitlines(keepends=True)[:2]
    file.write_text(lines(0, DAY + 5) + "".join(there))
    await upgrade(url)
    city = load(ROOT / "queues.yaml")
    repairer = Repairer(url, [file], lambda: city, lambda: now)
    async with Ledger(url, tmp_path / "spill") as ledger:
        mender = GapRepair(repairer, ledger, lambda: now, lambda _: None)
        ledger.write([LinkWentDown(DAY, "cut"), LinkCameUp(DAY + 60, 0, 0)])
        ledger.write([LinkWentDown(DAY + 1200, "cut"), LinkCameUp(DAY + 1260, 0, 0)])
        first, second = Blind(DAY, DAY + 60), Blind(DAY + 1200, DAY + 1260)
        assert (await mender.repair(DAY - 60, DAY + 90)).done == (), "it was told just now"
        assert (await mender.repair(DAY - 60, DAY + 90)).done == (), "it ended less than a minute ago"
        now = DAY + 1400
        looked = await mender.repair(DAY - 60, now)
        assert looked.done == (first,), "somebody of the second one is there still"
        left = await mender.repair(DAY - 60, now, leave_out=looked.done)
        assert (left.gaps, left.done) == (1, ())
        file.write_text(lines(0, DAY + 5) + lines(1, DAY + 1250))
        assert (await mender.repair(DAY - 60, now, leave_out=looked.done)).calls == 1
        assert (await mender.repair(DAY - 60, now)).done == (first, second)
    await repairer.close()


async def test_a_clock_that_is_set_back_between_two_gaps_gives_no_call_two_times(tmp_path: Path) -> None:
    """Our clock, by ten minutes; Asterisk's stays. Who called in the first gap was gone shortly before the second."""
    file, back = tmp_path / "acd.csv", -600.0
    file.write_text(lines(0, DAY + 5) + lines(1, DAY + 40) + lines(2, DAY + 72))
    url = f"sqlite:///{tmp_path}/acd.db"
    await upgrade(url)
    offset, city = 0.0, load(ROOT / "queues.yaml")
    now = DAY + 60
    repairer = Repairer(url, [file], lambda: city, lambda: now)
    archive = Archive(url)
    try:
        async with Ledger(url, tmp_path / "spill", switch_offset=lambda: offset) as ledger:
            gap_repair = GapRepair(repairer, ledger, lambda: now, lambda _: None)
            ledger.write([LinkWentDown(DAY, "cut"), LinkCameUp(DAY + 60, 0, 0)])
            await ledger.caught_up()
            offset = back
            ledger.write([LinkWentDown(DAY + 70 + back, "cut"), LinkCameUp(DAY + 95 + back, 0, 0)])
            found = [await gap_repair.repair(DAY - 3600, DAY + 3600) for _ in range(3)]
            assert [one.calls for one in found] == [3, 0, 0]
            of_the_second = await gap_repair.repair(DAY + 80 + back, DAY + 110 + back)
            assert (of_the_second.gaps, of_the_second.calls) == (1, 0), "also when nobody asks about the first"
        arrived = {row.call: row.arrived_at for row in await archive.calls(limit=10)}
        assert arrived == {"0.1": DAY + 5, "1.1": DAY + 40, "2.1": DAY + 72 + back}
    finally:
        await archive.close()
        await repairer.close()
