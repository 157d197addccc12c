"""The figures room: what each figure means, once, for SQL, pages, command line and documentation alike.

Pure: no database, no clock. :mod:`acd.figures.table` is the table of figures, :mod:`acd.figures.terms` the small
language in which it says which rows count, :mod:`acd.figures.periods` cuts time as the clocks of Brussels do, and
:mod:`acd.figures.report` is what is asked for and answered. :class:`acd.records.FigureBook` counts in the database.
"""
