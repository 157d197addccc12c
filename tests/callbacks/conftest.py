"""The three kinds of store, each able to be opened again on what it holds."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest

from acd.callbacks.memory import MemoryStore, Shelf
from acd.ports import PromiseStore
from acd.records import upgrade
from acd.records.callbacks import CallbackStore
from acd.records.checking import check
from tests.records.conftest import cluster, place

__all__ = ["cluster", "place"]


class Opener(Protocol):
    """Opens one more store on the same promises."""

    def __call__(self) -> PromiseStore: ...


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opener]:
    opened: list[PromiseStore] = []
    if request.param == "memory":
        shelf, url = Shelf(), ""
    else:
        url = f"sqlite:///{tmp_path}/acd.db"
        if request.param == "postgresql":
            url = request.getfixturevalue("cluster").new_database()
        await upgrade(url)

    def opener() -> PromiseStore:
        store: PromiseStore = CallbackStore(url) if url else MemoryStore(shelf)
        opened.append(store)
        return store

    yield opener
    for store in opened:
        await store.close()
    if url:
        # Whatever was done: each promise is what its log has made of it.
        assert (await check(url)).promises == ()


@pytest.fixture
def store(open_store: Opener) -> PromiseStore:
    return open_store()
