"""What the nodes of the menus are called, for the pages: without it they show ids, and all else goes on."""

from pathlib import Path

import structlog

from acd.config import City
from acd.ivr import load_captions
from acd.model.menu import Menus

log = structlog.get_logger()


def read_menus(flows: Path, city: City) -> Menus:
    """``flows`` is the folder of the menus."""
    try:
        return load_captions(flows, city)
    except OSError as error:
        log.warning("the menus cannot be read; the pages show ids of nodes", error=str(error))
        return Menus()
