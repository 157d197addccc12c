"""The smallest staffing: how many operators of which skills each half-hour needs.

=============  =============================================================================================
module         what
=============  =============================================================================================
``plan``       who is at work in which half-hour; skill groups; what is rostered now
``tally``      what callers experienced, by half-hour and line, over many simulated days; many at once
``targets``    what has to be met where, and with which confidence it is
``start``      the first guess, from the formulas of Erlang
``search``     one more where a target is missed, one fewer where it is not: the production engine decides
``paper``      the answer as a table, JSON and CSV
=============  =============================================================================================

All half-hours are worked on at once: what happens in one is forgotten two half-hours later.
"""

from sim.staff.search import Answer, OutOfReach, smallest

__all__ = ["Answer", "OutOfReach", "smallest"]
