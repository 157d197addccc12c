"""Reports put together from others, so that the records are asked once for all of a page: days to weeks, months and
weekdays; operators' states to figures of their time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from acd.figures.periods import Grain, coarser, label
from acd.figures.report import Meaning, Ref, Report, Row, StateTime, Value, read_ref
from acd.figures.rows import Population
from acd.figures.table import Figure, Kind


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


def united(keys: Sequence[str], first: Report, *others: Report) -> Report:
    """Reports of the same time that are told apart by nothing, as one with these figures in their order."""
    values = {key: value for report in (first, *others) for key, value in report.total.values.items()}
    return _with(first, keys, values, first.rows)


def with_time(report: Report, keys: Sequence[str], spent: Iterable[StateTime] | None, *, by_operator: bool) -> Report:
    """A report of a whole time, with the figures of operators' time besides: what the records say of it, too.

    Args:
        keys: all figures that it has afterwards, in their order.
        spent: all states of that time; None = nothing can be told of it.
        by_operator: the report is told apart so.
    """
    seconds: dict[str | None, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    whole: dict[str, float] = defaultdict(float)
    for one in spent or ():
        whole[one.state] += one.seconds
        seconds[one.operator if by_operator else None][one.state] += one.seconds
    refs = [ref for ref in map(read_ref, keys) if ref.figure.population is Population.TIME]
    rows = {row.operator: row for row in report.rows}
    for operator, states in seconds.items():
        found = {ref.key: of_time(ref.figure, states) for ref in refs}
        if any(value.of for value in found.values()):
            row = rows.get(operator) or msgspec.structs.replace(report.total, operator=operator, values={})
            rows[operator] = msgspec.structs.replace(row, values={**row.values, **found})
    values = {**report.total.values, **({} if spent is None else {ref.key: of_time(ref.figure, whole) for ref in refs})}
    return _with(report, keys, values, sorted(rows.values(), key=lambda row: row.operator or ""))


def of_time(figure: Figure, seconds: Mapping[str, float]) -> Value:
    """A figure of operators' time, from the seconds of their states."""
    part, of = (sum(seconds.get(state, 0.0) for state in some) for some in figure.states)
    return Value.made(figure, part, of)


def _with(report: Report, keys: Sequence[str], values: Mapping[str, Value], rows: Iterable[Row]) -> Report:
    return msgspec.structs.replace(
        report,
        figures=tuple(Meaning.of(read_ref(key)) for key in keys),
        total=msgspec.structs.replace(report.total, values={key: values[key] for key in keys if key in values}),
        rows=tuple(rows),
    )
