"""The lab's small city: three lines and a handful of phones."""

from collections.abc import Mapping

from acd.model.ids import Device, LineId, OperatorId
from acd.model.outside import Outside
from acd.model.policy import Line, Operator, Policy


def lab_policy(
    lines: Mapping[str, str] | None = None, operators: Mapping[str, Mapping[str, int]] | None = None, **line: float
) -> Policy:
    """A policy for tests on the real Asterisk.

    Args:
        lines: line id -> display name.
        operators: device -> lines with level. The operator's id is ``op`` and the device.
        line: settings of every line, as ``ring_time=4``.
    """
    lines = lines or {"gentinfo": "Gentinfo", "sportlijn": "Sportlijn", "lez": "LEZ-lijn"}
    if operators is None:
        operators = {str(device): dict.fromkeys(lines, 1) for device in range(1001, 1013)}
    return Policy(
        lines={LineId(id): Line(id=LineId(id), names={"nl": name}, **line) for id, name in lines.items()},  # type: ignore[arg-type]
        # Its citizens have few numbers, and are called back again and again.
        outside=Outside(per_number=10_000, per_operator=10_000, calls=10_000),
        operators={
            OperatorId(f"op{device}"): Operator(
                id=OperatorId(f"op{device}"),
                name=f"Operator {device}",
                device=Device(device),
                lines={LineId(name): level for name, level in levels.items()},
            )
            for device, levels in operators.items()
        },
    )
