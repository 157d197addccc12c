"""Figures -> one HTML file that says what to do: no script, nothing from elsewhere, good on paper.

A :class:`~sim.report.page.Report` is made of advice, sections, charts and tables, whatever the question was;
:mod:`~sim.report.of_run`, :mod:`~sim.report.of_comparison`, :mod:`~sim.report.of_staff` and
:mod:`~sim.report.of_replay` make them of the figures, and so may any other command::

    report = Report(title=..., about=(...), facts=(...), advice=(...), sections=(...), notes=(...))
    Path("report.html").write_text(page(report, Language.NL), encoding="utf-8")

Advice speaks of what is certain as something to do; of the rest it says that it is not certain.
"""

from sim.report.of_comparison import report_of_comparison, report_of_skills
from sim.report.of_replay import report_of_replay
from sim.report.of_run import report_of_run
from sim.report.of_staff import report_of_staff
from sim.report.page import Advice, Cell, Report, Section, Table, Tone, page
from sim.report.texts import Language

__all__ = [
    "Advice",
    "Cell",
    "Language",
    "Report",
    "Section",
    "Table",
    "Tone",
    "page",
    "report_of_comparison",
    "report_of_replay",
    "report_of_run",
    "report_of_skills",
    "report_of_staff",
]
