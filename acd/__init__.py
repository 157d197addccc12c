"""A call-routing engine (ACD) for city contact centres on Asterisk."""

from pathlib import Path

from acd.compiled import refuse_stale

__version__ = "0.1.0"

_HERE = Path(__file__).parent
refuse_stale(_HERE / "model", _HERE / "routing", _HERE / "engine")
