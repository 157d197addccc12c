"""All figures with their formulas, for people: printed by ``acd report --list``, and a page of the documentation."""

from acd.figures.table import FIGURES, NORMS


def catalogue() -> str:
    """As Markdown."""
    figures = "\n".join(
        f"| `{one.id}{'[@seconds]' if one.limit else ''}` | {one.nl} | {one.en} | {one.fr} | {one.formula} "
        f"| {one.unit} | {one.population} | {one.version} |"
        for one in FIGURES.values()
    )
    norms = "\n".join(
        f"| {norm.nl} | {norm.en} | `{norm.figure}` | {'' if norm.target is None else f'{norm.target:.0%}'} |"
        for norm in NORMS
    )
    names = "| figure | Nederlands | English | français | formula | unit | counts | version |"
    head = f"{names}\n|---|---|---|---|---|---|---|---|"
    return f"{head}\n{figures}\n\n| norm | | figure | target |\n|---|---|---|---|\n{norms}\n"
