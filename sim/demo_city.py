"""The city of the demo: the given one, open day and night, with offers to be called back within half a minute."""

from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

HEADER: Final = (
    "# Made anew by each start of the demo from {source}: open at all hours, and quick to offer a call back.\n"
)
ALWAYS: Final = {"mon-sun": "24h"}
CALLBACK: Final = {"after": "20s", "early_after": "10s", "early_when": "30s", "again_after": "2m", "gap": "1m"}
"""In place of 150 s: whoever looks at a demo does not wait so long."""
FROM_HOURS: Final = ("hours", "public_holidays", "city_closing_days")


def demo_queues(source: Path, to: Path) -> Path:
    """Write the settings of the demo. What is wrong with ``source`` is told by whoever loads it.

    Args:
        to: folder for the file.

    Returns:
        The file.
    """
    yaml = YAML()
    city = yaml.load(source)
    defaults = city.setdefault("defaults", {})
    defaults |= {"hours": ALWAYS, "public_holidays": False, "city_closing_days": False}
    defaults["callback"] = _quick(defaults.get("callback", {}))
    for line in city["lines"].values():
        for key in FROM_HOURS:
            line.pop(key, None)
        if "callback" in line:
            line["callback"] = _quick(line["callback"])
    city.pop("roster", None)
    for shift in city.get("shifts", []):
        shift |= {"days": "mon-sun", "hours": "00:00-24:00"}
        shift.pop("breaks", None)
    to.mkdir(parents=True, exist_ok=True)
    file = to / "queues.yaml"
    with file.open("w", encoding="utf-8") as stream:
        stream.write(HEADER.format(source=source))
        yaml.dump(city, stream)
    return file


def _quick(callback: Any) -> Any:
    """A line that never defers its callers does not do so here either."""
    if callback == "never":
        return callback
    callback.pop("calling_hours", None)
    return callback | CALLBACK
