"""Asterisk's own ``Queue()`` in the place of the production engine: what a city has that does without one.

:class:`AppQueue` has the face of :class:`acd.engine.core.Engine`, so the same world runs either, with the same callers,
and the same figures fold over the events of both::

    World(setup, seed, listen, router=AppQueue)
    replicate(setup, seed, partial(AppQueue, settings=Settings(strategy=Strategy.LEASTRECENT)))

The lives of calls and operators, the outcomes and their events are the engine's own code. What differs is who is rung
and when, modelled on ``app_queue`` of Asterisk 22, as its documentation and source describe it and as it was measured:

* Each waiting caller is a thread that polls. In the holding pen it looks once a second, counted from the moment he
  joined; whoever's turn it is tries to ring, and after a try in vain sleeps ``retry`` seconds. Nobody is woken when an
  operator becomes free: he stays idle until the next look, on average half a second, at most one.
* It is a caller's turn when fewer callers stand before him, those for whom a phone rings left out, than members of his
  queue are free. One who sleeps off his ``retry`` keeps his place and holds up those behind him.
* One queue a line, strict order inside it. Between queues chance decides: whoever looks first. Only ``weight`` (the
  line's priority) comes before that: a queue with more callers than free members keeps lighter ones off its members.
* Members of a lower penalty (level - 1) come first; among equals the strategy decides.
* Times are whole seconds on Asterisk's clock: a wrap-up ends on a whole second and so lasts up to a second less.
* A phone that rings in vain for ``timeout`` (the ring time, whole seconds) ends the try; one that is busy or refuses is
  followed by the next member at once. Nobody is paused for it, unless ``autopause`` says so.

The queues are those that the product generates for its fallback, one setting at a time open to change. Left out:
``ringall``, penalty rules that change while a caller waits, and the seconds during which an announcement keeps a
caller's thread from looking. With ``maxlen`` a caller for whom a phone rings is not counted.
"""

from sim.app_queue.router import AppQueue
from sim.app_queue.settings import Settings, Strategy

__all__ = ["AppQueue", "Settings", "Strategy"]
