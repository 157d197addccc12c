"""Asterisk over AMI: the link, and the translation between what Asterisk says and what the engine understands."""

from acd.asterisk.cluster import Cluster
from acd.asterisk.fence import Fence, Watch
from acd.asterisk.link import LinkState
from acd.asterisk.pbx import AsteriskPbx
from acd.asterisk.recording import erase_recordings
from acd.asterisk.settings import AmiSettings

__all__ = ["AmiSettings", "AsteriskPbx", "Cluster", "Fence", "LinkState", "Watch", "erase_recordings"]
