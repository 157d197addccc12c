"""What one statement counts for several figures: each term once, whatever figures and reports share it.

Of calls that are told apart by outcome and line nothing needs to be asked about either: the terms are taken with both
filled in (:func:`acd.figures.terms.left`), and what is left is a comparison or two.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import starmap
from operator import add
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, FromClause, case, cast, func, literal, literal_column

from acd.figures.report import Query, Ref
from acd.figures.table import Kind
from acd.figures.terms import NEVER, All, Not, Term, all_of, conditions, left
from acd.model.outcome import Outcome
from acd.records.figure_sql import Source, Translation

Key = tuple[int, str | None, str | None]
"""Period, line, operator."""
Counts = dict[Key, dict[Ref, tuple[float, float]]]
"""What stands above the line of a figure and below it."""
Added = tuple[tuple[int, int], ...]
"""Columns of a statement, and 1 for what is added, -1 for what is taken away."""


class Told(NamedTuple):
    """By what rows were told apart, as far as terms are concerned."""

    outcome: str | None
    limits: tuple[tuple[str, float | None], ...]
    """Of their line."""


class Recipe(NamedTuple):
    """How a figure follows from the columns."""

    part: Added
    of: Added
    longest: int | None = None
    """Column of the largest value, which is never added up."""


OUTCOMES: Final = (None, *(outcome.value for outcome in Outcome))


class Tallies:
    """The columns of one statement."""

    def __init__(self, source: Source, query: Query, refs: Iterable[Ref], *, told: bool) -> None:
        """
        Args:
            refs: the figures that are counted.
            told: rows are told apart by outcome and line.
        """
        self._source = source
        self._translation = Translation(source.columns, query.limits, query.now)
        self._limits = query.limits
        lines = {line for of_line in self._limits.lines.values() for line in of_line}
        of_lines = {line: self._limits.all_of(line) for line in (None, *sorted(lines))}
        self._alike = list(dict.fromkeys(of_lines.values()))
        self._lines = {line: self._alike.index(limits) for line, limits in of_lines.items()}
        self._told: dict[tuple[str | None, int], Told] = {}
        self._places: dict[tuple[frozenset[Term], str, bool], int] = {}
        self.columns: list[ColumnElement[Any]] = []
        self._largest: list[int] = []
        self._values: set[int] = set()
        kinds: Sequence[Told | None] = self._kinds() if told else (None,)
        self._recipes = {(ref, kind): self._recipe(ref, kind) for ref in dict.fromkeys(refs) for kind in kinds}

    def alike(self, line: ColumnElement[Any]) -> ColumnElement[Any]:
        """The same number for lines with the same limits."""
        others: dict[int, list[str]] = {}
        for name, number in self._lines.items():
            if name is not None and number:
                others.setdefault(number, []).append(name)
        cases = [(line.in_(some), number) for number, some in others.items()]
        return case(*cases, else_=0) if cases else literal(0)

    def told(self, outcome: str | None, alike: int) -> Told:
        """What rows with this outcome are, of lines with that number."""
        key = outcome, alike
        if key not in self._told:
            self._told[key] = Told(outcome, self._alike[alike])
        return self._told[key]

    def _kinds(self) -> list[Told]:
        return [Told(outcome, limits) for outcome in OUTCOMES for limits in self._alike]

    def _recipe(self, ref: Ref, kind: Told | None) -> Recipe:
        figure, below = ref.figure, ref.of if kind is None else _left(ref.of, kind)
        of = self._counted(below)
        match figure.kind:
            case Kind.COUNT:
                return Recipe(of, of)
            case Kind.SHARE:
                return Recipe(self._counted(all_of(below, ref.part if kind is None else _left(ref.part, kind))), of)
            case Kind.MEAN:
                place = self._place(conditions(below), figure.value)
                return Recipe(() if place is None else ((place, 1),), of)
            case Kind.LONGEST:
                return Recipe((), of, self._place(conditions(below), figure.value, largest=True))

    def _counted(self, term: Term) -> Added:
        """Those for which something does not hold are those for whom the rest holds, less those for whom it does: so
        both are counted by the same columns, and "not" is never asked of a row."""
        parts = conditions(term)
        for place, part in enumerate(parts):
            if isinstance(part, Not):
                rest = parts[:place] + parts[place + 1 :]
                less = self._counted(all_of(*rest, part.term))
                return (*self._counted(All(rest)), *((column, -sign) for column, sign in less))
        found = self._place(parts)
        return () if found is None else ((found, 1),)

    def _place(self, parts: Sequence[Term], value: str = "", *, largest: bool = False) -> int | None:
        """The column; None = no row counts."""
        key = frozenset(parts), value, largest
        if NEVER in parts:
            return None
        if key not in self._places:
            condition = [self._translation.condition(part) for part in parts]
            place = self._places[key] = len(self.columns)
            total = self._total(value, largest=largest)
            filtered = total.filter(*condition) if condition else total
            self.columns.append((func.coalesce(filtered, 0.0) if value else filtered).label(f"n{place}"))
            self._largest += [place] if largest else []
            self._values |= {place} if value else set()
        return self._places[key]

    def _total(self, value: str, *, largest: bool) -> Any:
        if not value:
            return func.count()
        column = self._source.columns[value]
        return func.max(column) if largest else func.sum(column)

    def summed(self, some: FromClause, refs: Collection[Ref]) -> list[ColumnElement[Any]]:
        """The columns once more, of rows that were summed before; nothing in those that no figure of ``refs`` needs."""
        recipes = [recipe for (ref, _), recipe in self._recipes.items() if ref in refs]
        needed = {place for recipe in recipes for place, _ in (*recipe.part, *recipe.of)}
        needed |= {recipe.longest for recipe in recipes if recipe.longest is not None}
        return [
            (self._again(some.c[column.name], place) if place in needed else literal_column("0")).label(column.name)
            for place, column in enumerate(self.columns)
        ]

    def _again(self, column: ColumnElement[Any], place: int) -> ColumnElement[Any]:
        if place in self._largest:
            return func.max(column)
        # The sum of whole numbers is none in PostgreSQL.
        return func.sum(column) if place in self._values else cast(func.sum(column), BigInteger)

    # --- What was found

    def gathered(
        self, rows: Iterable[Sequence[Any]], key: Callable[[Sequence[Any]], Any], first: int
    ) -> dict[Any, Any]:
        """Rows with the same key put together.

        Args:
            first: where the columns begin in a row.
        """
        found: dict[Any, Any] = {}
        for row in rows:
            of, numbers = key(row), row[first:]
            before = found.get(of)
            found[of] = numbers if before is None else self._added(before, numbers)
        return found

    def _added(self, some: Sequence[Any], more: Sequence[Any]) -> list[Any]:
        sums = list(starmap(add, zip(some, more, strict=True)))
        for place in self._largest:
            sums[place] = max(some[place], more[place])
        return sums

    def figure(self, ref: Ref, kinds: Mapping[Told | None, Sequence[Any]]) -> tuple[float, float]:
        """What stands above the line of a figure and below it, of rows that were told apart so."""
        part: float = 0
        of: float = 0
        for kind, numbers in kinds.items():
            recipe = self._recipes[ref, kind]
            of += sum(sign * numbers[place] for place, sign in recipe.of)
            if ref.figure.kind is Kind.LONGEST:
                part = part if recipe.longest is None else max(part, numbers[recipe.longest])
            else:
                part += sum(sign * numbers[place] for place, sign in recipe.part)
        return part, of


@lru_cache(maxsize=20_000)
def _left(term: Term, kind: Told) -> Term:
    return left(term, kind.outcome, dict(kind.limits))
