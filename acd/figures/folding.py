"""Days put together to weeks, months and weekdays, so that the records are asked once for all charts of a page."""

from collections import defaultdict
from collections.abc import Mapping

from acd.figures.periods import Grain, coarser, label
from acd.figures.report import Ref, Report, Row, Value, read_ref
from acd.figures.rows import Population
from acd.figures.table import Kind


def folded(report: Report, grain: Grain) -> list[Row]:
    """The rows of a report by day, put together to ``grain``; lines and operators stay told apart.

    Raises:
        ValueError: the report is not by day, or has a figure that counts citizens: one may have called on several days.
    """
    if report.grain is not Grain.DAY:
        raise ValueError(f"only days can be put together, not {report.grain}")
    refs = [read_ref(meaning.key) for meaning in report.figures]
    if any(ref.figure.population is Population.CITIZENS for ref in refs):
        raise ValueError("citizens cannot be added up")
    rows: dict[tuple[int, str, str], list[Row]] = defaultdict(list)
    for row in report.rows:
        rows[coarser(grain, row.number), row.line or "", row.operator or ""].append(row)
    return [
        Row(
            number=key[0],
            period=label(grain, key[0]),
            line=same[0].line,
            operator=same[0].operator,
            values=_added(same, refs),
            gap=sum(row.gap for row in same),
        )
        for key, same in sorted(rows.items())
    ]


def _added(rows: list[Row], refs: list[Ref]) -> Mapping[str, Value]:
    values = {}
    for ref in refs:
        found = [row.values[ref.key] for row in rows if ref.key in row.values]
        if found:
            parts = [value.part for value in found]
            part = max(parts) if ref.figure.kind is Kind.LONGEST else sum(parts)
            values[ref.key] = Value.made(ref.figure, part, sum(value.of for value in found))
    return values
