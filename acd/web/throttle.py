"""Guessing passwords must not pay: so many failures an account and an address, then a pause.

Kept in memory: a restart forgets them, and costs a guesser more than it gives him.
"""

from collections import OrderedDict, deque
from typing import Final

PER_ACCOUNT: Final = 8
PER_ADDRESS: Final = 24
"""Failures within the window. More for an address: a whole team can sit behind one."""
WINDOW: Final = 900.0
"""Seconds."""
MOST: Final = 10_000
"""Accounts and addresses remembered; beyond, the one that failed longest ago is forgotten."""


class Throttle:
    """Failures by account and by address. Time is an argument, in seconds of any one clock."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, name: str, address: str, now: float) -> float:
        """Seconds until the next attempt may be made; 0 = now."""
        return max(
            self._wait(_account(name), PER_ACCOUNT, now),
            self._wait(_address(address), PER_ADDRESS, now),
        )

    def tried(self, name: str, address: str, now: float) -> None:
        """An attempt is a failure until it has succeeded: many at once are as many."""
        for key, most in ((_account(name), PER_ACCOUNT), (_address(address), PER_ADDRESS)):
            self._failures.setdefault(key, deque(maxlen=most + 1)).append(now)
            self._failures.move_to_end(key)
        while len(self._failures) > MOST:
            self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """It was the owner: his account begins anew. Of his address only this attempt is taken back: a guesser may sit
        behind the same."""
        self._failures.pop(_account(name), None)
        if times := self._failures.get(_address(address)):
            times.pop()

    def _wait(self, key: str, most: int, now: float) -> float:
        times = self._failures.get(key)
        return max(0.0, times[-most] + WINDOW - now) if times and len(times) >= most else 0.0


def _account(name: str) -> str:
    return f"account {name.lower()[:100]}"


def _address(address: str) -> str:
    """Of an IPv6 address the network: whoever has one has all of it."""
    return f"address {':'.join(address.split(':')[:4])}"
