"""The reports as pages that a council can read: figures with their formulas, charts beside their tables, and the calls
behind each percentage.

Everything is made here, charts included: no script is needed, and what is printed is what was seen.
:mod:`acd.web.reports.asked` reads the address, :mod:`acd.web.reports.shown` asks the records and puts together what the
page shows, :mod:`acd.web.reports.charts` draws, :mod:`acd.web.reports.words` says periods and numbers.
"""

from acd.web.reports.routes import add_report_pages

__all__ = ["add_report_pages"]
