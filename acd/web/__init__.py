"""What people see: the wallboard, its live push and its API.

A :class:`~acd.web.snapshot.Snapshot` is computed from the engine's board and today's tally, a
:class:`~acd.web.hub.Hub` pushes it to every open page, and :func:`~acd.web.app.create_app` serves both.
"""
