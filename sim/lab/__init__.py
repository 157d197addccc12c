"""A real Asterisk 22 with the product's own dialplan, SIP phones and SIPp, started from Python."""

from sim.lab.asterisk import Lab, LabError
from sim.lab.call import DEAD, RINGS, Call, Habit
from sim.lab.phone import Phone
from sim.lab.settings import lab_policy

__all__ = ["DEAD", "RINGS", "Call", "Habit", "Lab", "LabError", "Phone", "lab_policy"]
