"""The databases of the records' tests."""

from tests.records.conftest import cluster, place, sqlite

__all__ = ["cluster", "place", "sqlite"]
