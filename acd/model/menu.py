"""The way through a menu, as people read it: the records hold ids, the files of the menus what these are called."""

from collections.abc import Mapping
from typing import Final

import msgspec

SOURCE: Final = "nl"
"""The language in which every caption is written; the others follow it."""

Captions = Mapping[str, str]
"""Language -> what a node is called."""


class Menus(msgspec.Struct, frozen=True):
    """What the nodes of the city's menus are called.

    ``numbers``: number called -> flow; ``captions``: flow -> node -> language -> text.
    """

    numbers: Mapping[str, str] = {}
    captions: Mapping[str, Mapping[str, Captions]] = {}

    def steps(self, did: str | None, path: str | None, lang: str) -> list[str]:
        """The nodes of a path, called as people call them. Without a caption, or when no menu of today has it: its id.

        Args:
            did: the number called, which says which menu it was.
            path: node ids joined by ``>``, as on the channel and in the records.
        """
        nodes = self.captions.get(self.numbers.get(did or "", ""), {})
        return [_called(id, nodes.get(id, {}), lang) for id in (path or "").split(">") if id]


def _called(id: str, captions: Captions, lang: str) -> str:
    return captions.get(lang) or captions.get(SOURCE) or id
