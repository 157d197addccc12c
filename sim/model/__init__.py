"""Level A: years of calls through the production engine, on a heap, in virtual time.

=================  =========================================================================================
module             what
=================  =========================================================================================
``draws``          random times: exponential, lognormal, Weibull, from a list; one stream per purpose and day
``setup``          all that a simulation is told: settings, demand, staff, behaviour
``demand``         who calls when, and what he brings along
``staffing``       who works when: shifts, breaks, pauses, no-shows
``switch``         commands into facts, as Asterisk would, without the milliseconds
``world``          one replication: engine, switch, callers and operators under one clock
``figures``        counts, folded from the engine's events while it runs
``replications``   many seeds over all cores, and confidence intervals
=================  =========================================================================================

The same seed brings the same callers whatever the settings: each caller carries his patience, his handling time and
his luck from the moment he is born, so two settings are compared on the very same calls.
"""
