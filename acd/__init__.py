"""A call-routing engine (ACD) for city contact centres on Asterisk."""

__version__ = "0.1.0"
