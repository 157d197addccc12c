"""Who calls: groups of citizens who do the same, with what can come of it."""

from typing import Final, NamedTuple

from sim.count.judge import Plan

WAITED: Final = frozenset({"abandoned"})
"""Who hangs up while he waits; whether it was short is the clock's word. Whom the engine's death leaves with the music
may do so, too."""


class Group(NamedTuple):
    """Callers who do the same."""

    name: str
    did: str
    share: int
    """Of some hundred callers."""
    outcomes: frozenset[str]
    """What may come of it when nobody speaks with him."""
    hold: float | None = None
    """Seconds after which he hangs up; None = he leaves it to the other side, until a long patience is over."""
    keys: tuple[tuple[float, str], ...] = ()
    """Seconds, and what he presses then."""
    line: str | None = None
    score: int | None = None
    """What he presses when he is asked."""


HOOFD, SPORT, LEZ, WACHT, TERUGBEL, VOL, PARTNER, ENQUETE, DOOR, DICHT, VERGEEFS = (
    *("3292103010", "3292103011", "3292103012", "3292103013", "3292103014"),
    *("3292103015", "3292103016", "3292103017", "3292103018", "3292103019", "3292103020"),
)
PATIENCE: Final = 60.0
GROUPS: Final = (
    Group("served", HOOFD, 16, WAITED, PATIENCE, ((0.5, "0"),), "hoofd"),
    Group("served_sport", SPORT, 12, WAITED, PATIENCE, (), "sport"),
    Group("served_lez", LEZ, 9, WAITED, PATIENCE, (), "lez"),
    Group("by_menu", HOOFD, 6, WAITED, PATIENCE, ((0.5, "1"),), "sport"),
    Group("hangs_up_first", LEZ, 6, WAITED, 3.0, (), "lez"),
    # The question comes after the conversation, whenever that was: he presses until he is heard.
    Group("surveyed", ENQUETE, 6, WAITED, PATIENCE, ((2.0, "7"), *(((1.0, "7"),) * 20)), "enquete", 7),
    Group("passed_on", DOOR, 5, WAITED, PATIENCE),
    Group("rung_in_vain", SPORT, 5, WAITED, 0.15, (), "sport"),
    # So soon that he may be gone before he has joined the line.
    Group("at_the_redirect", LEZ, 4, WAITED | {"left_menu"}, 0.004, (), "lez"),
    Group("left_menu", HOOFD, 5, frozenset({"left_menu"}), 1.5),
    Group("informed", HOOFD, 4, frozenset({"informed"}), PATIENCE, ((0.5, "9"),)),
    Group("closed", DICHT, 4, frozenset({"closed"}), PATIENCE),
    Group("short", WACHT, 4, WAITED, 1.2, (), "wacht"),
    Group("long", WACHT, 4, WAITED, 9.0, (), "wacht"),
    Group("called_back", TERUGBEL, 4, frozenset({"callback_accepted", "abandoned"}), 25.0,
          ((6.0, "1"), *(((1.3, "1"),) * 12)), "terugbel"),
    Group("not_called_back", TERUGBEL, 2, WAITED, 6.0, ((8.0, "2"),), "terugbel"),
    Group("refused", VOL, 2, frozenset({"refused", "abandoned"}), 20.0, (), "vol"),
    Group("to_partner", PARTNER, 2, WAITED, 20.0, (), "partner"),
    Group("lost_at_partner", VERGEEFS, 2, WAITED, 5.0, (), "vergeefs"),
)  # fmt: skip

CUT_OFF: Final = (
    Group("waits_at_the_end", WACHT, 3, WAITED, PATIENCE, (), "wacht"),
    Group("talks_at_the_end", LEZ, 3, WAITED, PATIENCE, (), "lez"),
)
"""Who is on the line when Asterisk dies, after all others; ``share`` is how many."""


def prefix(group: int) -> str:
    """Each caller's number carries his group; SIPp appends his own number."""
    return f"+3247{group:02}000"


def counts(calls: int) -> list[int]:
    """How many of each group; each has one at least."""
    return [max(1, round(group.share * calls / 100)) for group in GROUPS]


def plans(calls: int) -> dict[str, Plan]:
    all_of_them = zip((*GROUPS, *CUT_OFF), (*counts(calls), *(group.share for group in CUT_OFF)), strict=True)
    return {
        f"{prefix(index)}{number}": Plan(group.outcomes, group.line, group.score)
        for index, (group, count) in enumerate(all_of_them)
        for number in range(1, count + 1)
    }
