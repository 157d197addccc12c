"""The faults of the menus, all in one go."""

from collections.abc import Iterable

from acd.config.faults import Fault
from acd.model.mendable import Mendable


class FlowError(Mendable):
    """Every fault of the flows and their prompts, a line each, in the order of files and lines."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))
