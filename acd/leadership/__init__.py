"""Two engines, one leader: who takes the lead, who gives it up, and when. docs/high-availability.md is its contract."""

from acd.leadership.campaign import Campaign
from acd.leadership.rules import LEASE, Leader, Standby

__all__ = ["LEASE", "Campaign", "Leader", "Standby"]
