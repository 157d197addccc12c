"""The figures: one table. Whatever shows a figure takes its name, formula and meaning from here, and whatever counts
one takes its terms from here; so what is printed is what was counted.

In formulas: A answered by an operator; B abandoned, short ones included; s those of B that were short; X_t the part of
X within t seconds of joining the queue; t is the target wait of the line, unless the figure says so
(``service_level@20``). Whoever changes what a figure counts raises its version.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from acd.figures.limits import OFFER_AFTER, SHORT_ABANDON, TARGET_WAIT
from acd.figures.rows import Population
from acd.figures.terms import Always, Among, Compare, Either, Field, Known, Limit, Not, Now, Number, Since, Term, both
from acd.model.operator import OperatorState
from acd.model.outcome import Outcome

GRACE: Final = 5.0
"""Seconds within which an offer that is due counts as made in time."""
REPEAT: Final = 7 * 86_400.0
"""Seconds within which a citizen's next call on the same line says that the first did not settle it."""


class Unit(StrEnum):
    SHARE = "share"
    """0 to 1."""
    SECONDS = "seconds"
    COUNT = "count"


class Kind(StrEnum):
    COUNT = "count"
    """How many."""
    SHARE = "share"
    """Part of all."""
    MEAN = "mean"
    """A duration, summed and divided by how many."""
    LONGEST = "longest"
    """The longest of a duration."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: what it is called, how it is written, and what it counts."""

    id: str
    nl: str
    en: str
    fr: str
    formula: str
    version: int = 1
    kind: Kind = Kind.SHARE
    population: Population = Population.CALLS
    part: Term = Always()
    """Of a share: those of ``of`` that count above the line."""
    of: Term = Always()
    """Of a share and a mean: those below the line. Of a count: those that are counted."""
    value: str = ""
    """The field whose duration is summed."""
    states: tuple[tuple[OperatorState, ...], tuple[OperatorState, ...]] = ((), ())
    """Of operators' time: the states above and below the line."""
    limit: str = ""
    """The setting that ``@seconds`` takes the place of."""

    @property
    def unit(self) -> Unit:
        if self.kind is Kind.COUNT:
            return Unit.COUNT
        return Unit.SHARE if self.kind is Kind.SHARE else Unit.SECONDS


def _outcome(*outcomes: Outcome) -> Term:
    return Among("outcome", tuple(outcome.value for outcome in outcomes))


_WAITED_T: Final = Compare(Field("waited"), "<=", Limit(TARGET_WAIT))
A: Final = _outcome(Outcome.ANSWERED)
B: Final = _outcome(Outcome.ABANDONED, Outcome.ABANDONED_SHORT)
SHORT: Final = both(B, Compare(Field("waited"), "<", Limit(SHORT_ABANDON)))
LONG: Final = both(B, Not(SHORT))
A_T: Final = both(A, _WAITED_T)
B_T: Final = both(B, _WAITED_T)
ACCEPTED: Final = _outcome(Outcome.CALLBACK_ACCEPTED)
REACHED: Final = both(ACCEPTED, Compare(Field("promise_reached_at"), "<=", Field("promise_deadline")))
DECIDED: Final = Known("outcome")
HELPED: Final = Either((_outcome(Outcome.ANSWERED, Outcome.OVERFLOW_ANSWERED, Outcome.INFORMED), REACHED))

_STILL_WAITING: Final = Either(
    (
        both(DECIDED, Compare(Field("waited"), ">=", Limit(OFFER_AFTER))),
        both(Not(DECIDED), Compare(Since("entered_at"), ">=", Limit(OFFER_AFTER, GRACE))),
    )
)
_HEARD: Final = both(
    Compare(Field("callback_waited"), "<", Limit(OFFER_AFTER, GRACE)),
    Not(Compare(Field("callback_heard_at"), ">", Field("outcome_at"))),
)
_PASSED_ON: Final = Either(
    (
        Known("transferred_at"),
        Known("requested_at"),
        # Nobody saw it, but he joined a line again, or another operator answered.
        Compare(Field("answered_at"), ">", Field("outcome_at")),
        Compare(Field("entered_at"), ">", Field("outcome_at")),
    )
)
_KNOWN_AGAIN: Final = both(A, Known("citizen"), Compare(Field("arrived_at", REPEAT), "<=", Now()))
_CAME_BACK: Final = Compare(Field("next_at"), "<=", Field("arrived_at", REPEAT))
_DUE: Final = Compare(Field("deadline"), "<=", Now())
_KEPT: Final = Compare(Field("reached_at"), "<=", Field("deadline"))
_SPOKEN: Final = Known("seconds")
_S = OperatorState
_BUSY: Final = (_S.IN_CALL, _S.RESERVED, _S.RINGING, _S.WRAP_UP)


def _counts() -> tuple[Figure, ...]:
    names = {
        Outcome.CALLBACK_ACCEPTED: ("Terugbelafspraken", "Callbacks accepted", "Rappels acceptés"),
        Outcome.OVERFLOW_ANSWERED: ("Beantwoord door partner", "Answered by the partner", "Répondus par le partenaire"),
        Outcome.OVERFLOW_LOST: ("Verloren bij partner", "Lost at the partner's", "Perdus chez le partenaire"),
        Outcome.CLOSED: ("Buiten de uren", "Outside opening hours", "Hors heures d'ouverture"),
        Outcome.LEFT_MENU: ("Opgehangen in het menu", "Left in the menu", "Raccrochés dans le menu"),
        Outcome.INFORMED: ("Geholpen door het menu", "Informed by the menu", "Informés par le menu"),
        Outcome.REFUSED: ("Geweigerd", "Refused", "Refusés"),
        Outcome.SWITCH_FAILURE: ("Technische fout", "Switch failure", "Panne technique"),
    }
    return (
        _count("offered", ("Aangeboden oproepen", "Calls offered", "Appels présentés"), "all calls", Always()),
        _count("answered", ("Beantwoord", "Answered", "Répondus"), "A", A),
        _count("abandoned", ("Opgehangen tijdens het wachten", "Abandoned", "Abandonnés"), "B", B),
        _count("abandoned_short", ("Kort opgehangen", "Abandoned, short", "Abandonnés, courts"), "s", SHORT),
        _count(
            "abandoned_long", ("Na lang wachten opgehangen", "Abandoned, later", "Abandonnés, longs"), "B - s", LONG
        ),
        *(_count(outcome.value, names[outcome], f"outcome = {outcome.value}", _outcome(outcome)) for outcome in names),
        _count("undecided", ("Nog bezig", "Not over yet", "En cours"), "no outcome yet", Not(DECIDED)),
        _count(
            "answered_within", ("Tijdig beantwoord", "Answered within t", "Répondus à temps"), "A_t", A_T, TARGET_WAIT
        ),
        _count(
            "abandoned_within",
            ("Opgehangen binnen t", "Abandoned within t", "Abandonnés avant t"),
            "B_t",
            B_T,
            TARGET_WAIT,
        ),
    )


def _count(id: str, names: tuple[str, str, str], formula: str, of: Term, limit: str = "") -> Figure:
    nl, en, fr = names
    return Figure(id=id, nl=nl, en=en, fr=fr, formula=formula, kind=Kind.COUNT, of=of, limit=limit)


_SHARES: Final = (
    Figure(
        id="reachability",
        nl="Bereikbaarheid",
        en="Reachability",
        fr="Joignabilité",
        formula="A / (A + B); accepted callbacks in neither",
        part=A,
        of=Either((A, B)),
    ),
    Figure(
        id="strict_answer_rate",
        nl="Beantwoord van alle oproepen",
        en="Strict answer rate",
        fr="Taux de réponse strict",
        formula="A / all calls in opening hours that are over or decided",
        part=A,
        of=both(DECIDED, Not(_outcome(Outcome.CLOSED))),
    ),
    Figure(
        id="reached",
        nl="Bereikt",
        en="Reached",
        fr="Joints",
        formula="(A + callbacks reached in time) / (A + B + callbacks accepted), each by its call",
        part=Either((A, REACHED)),
        of=Either((A, B, ACCEPTED)),
    ),
    Figure(
        id="service_level",
        nl="Servicelevel",
        en="Service level",
        fr="Niveau de service",
        formula="A_t / (A + B - s)",
        part=A_T,
        of=Either((A, LONG)),
        limit=TARGET_WAIT,
    ),
    Figure(
        id="app_queue_sl",
        nl="Servicelevel van Asterisk",
        en="Asterisk's service level",
        fr="Niveau de service d'Asterisk",
        formula="A_t / A",
        part=A_T,
        of=A,
        limit=TARGET_WAIT,
    ),
    Figure(
        id="app_queue_sl2",
        nl="Servicelevel 2 van Asterisk",
        en="Asterisk's service level 2",
        fr="Niveau de service 2 d'Asterisk",
        formula="(A_t + B_t) / (A + B)",
        part=Either((A_T, B_T)),
        of=Either((A, B)),
        limit=TARGET_WAIT,
    ),
    Figure(
        id="answered_in_time",
        nl="Tijdig beantwoord van aangeboden",
        en="Answered in time over offered",
        fr="Répondus à temps sur présentés",
        formula="A_t / (A + B)",
        part=A_T,
        of=Either((A, B)),
        limit=TARGET_WAIT,
    ),
    Figure(
        id="offer_compliance",
        nl="150-secondenregel",
        en="150-second compliance",
        fr="Règle des 150 secondes",
        formula="heard the offer begin before the line's limit (150 s) + 5 s / still waiting at the limit",
        part=both(_STILL_WAITING, _HEARD),
        of=_STILL_WAITING,
        limit=OFFER_AFTER,
    ),
    Figure(
        id="kept_promise",
        nl="Nagekomen terugbelbeloften",
        en="Kept promises",
        fr="Promesses tenues",
        formula="callbacks reached before their deadline / callbacks accepted whose deadline has passed",
        population=Population.PROMISES,
        part=both(_DUE, _KEPT),
        of=_DUE,
    ),
    Figure(
        id="occupancy",
        nl="Bezettingsgraad",
        en="Occupancy",
        fr="Taux d'occupation",
        formula="(talk + hold + ring since assigned + wrap-up) / (that + available idle); pauses excluded",
        population=Population.TIME,
        states=(_BUSY, (*_BUSY, _S.AVAILABLE)),
    ),
    Figure(
        id="fcr_settled",
        nl="Meteen opgelost volgens de operator",
        en="Settled, says the operator",
        fr="Réglé selon l'opérateur",
        formula="settled = yes / A with settled noted",
        part=both(A, Among("settled", ("yes",))),
        of=both(A, Known("settled")),
    ),
    Figure(
        id="fcr_not_passed_on",
        nl="Niet doorgegeven",
        en="Not passed on",
        fr="Non transféré",
        formula="A whom no operator passed on, to a line, a colleague, elsewhere, or noted for a colleague to call / A",
        version=3,
        part=both(A, Not(_PASSED_ON)),
        of=A,
    ),
    Figure(
        id="fcr_no_repeat",
        nl="Niet opnieuw gebeld binnen 7 dagen",
        en="No repeat within 7 days",
        fr="Pas de rappel dans les 7 jours",
        formula="A whose citizen did not call that line again within 7 days / A with a known citizen, 7+ days ago",
        part=both(_KNOWN_AGAIN, Not(_CAME_BACK)),
        of=_KNOWN_AGAIN,
    ),
    Figure(
        id="called_again",
        nl="Opnieuw gebeld binnen 7 dagen",
        en="Called again within 7 days",
        fr="A rappelé dans les 7 jours",
        formula="A whose citizen called that line again within 7 days / A with a known citizen, 7+ days ago",
        part=both(_KNOWN_AGAIN, _CAME_BACK),
        of=_KNOWN_AGAIN,
    ),
    Figure(
        id="citizen_reachability",
        nl="Geholpen burgers",
        en="Citizens helped",
        fr="Citoyens aidés",
        formula="citizens helped that day / citizens who called that day, each once a day",
        population=Population.CITIZENS,
        part=HELPED,
        of=Always(),
    ),
)

HUNG_UP: Final = "hung_up"


def hung_up(since: float, until: float | None) -> Figure:
    """Abandonment by wait: of those who still waited at the begin of a piece of the waiting time, who hung up in it.

    Args:
        since: seconds.
        until: outside; None = it has no end.
    """
    piece = f"{since:g}" if until is None else f"{since:g}-{until:g}"
    before = () if until is None else (Compare(Field("waited"), "<", Number(until)),)
    written = f"{piece}+" if until is None else piece
    return Figure(
        id=f"{HUNG_UP}@{piece}",
        nl=f"Hing op na {written} s",
        en=f"Hung up at {written} s",
        fr=f"Raccroché après {written} s",
        formula=f"B whose wait ended at {written} s / calls that waited {since:g} s or longer",
        part=both(B, *before),
        of=Compare(Field("waited"), ">=", Number(since)),
    )


_DURATIONS: Final = (
    Figure(
        id="asa",
        nl="Gemiddelde wachttijd tot antwoord",
        en="Average speed of answer",
        fr="Délai moyen de réponse",
        formula="sum of the waits of A / A, ringing included",
        kind=Kind.MEAN,
        of=both(A, Known("waited")),
        value="waited",
    ),
    Figure(
        id="mean_patience",
        nl="Gemiddelde wachttijd tot ophangen",
        en="Mean wait until abandoned",
        fr="Attente moyenne avant abandon",
        formula="sum of the waits of B / B",
        kind=Kind.MEAN,
        of=both(B, Known("waited")),
        value="waited",
    ),
    Figure(
        id="longest_wait",
        nl="Langste wachttijd",
        en="Longest wait",
        fr="Attente la plus longue",
        formula="the longest wait up to an outcome",
        kind=Kind.LONGEST,
        of=Known("waited"),
        value="waited",
    ),
    Figure(
        id="aht",
        nl="Gemiddelde afhandeltijd",
        en="Average handling time",
        fr="Durée moyenne de traitement",
        formula="(talk + hold + wrap-up) / handled",
        kind=Kind.MEAN,
        population=Population.TALKS,
        of=_SPOKEN,
        value="handled",
    ),
    Figure(
        id="mean_talk",
        nl="Gemiddelde gesprekstijd",
        en="Mean talk, hold included",
        fr="Durée moyenne de conversation",
        formula="(talk + hold) / handled",
        kind=Kind.MEAN,
        population=Population.TALKS,
        of=_SPOKEN,
        value="seconds",
    ),
    Figure(
        id="mean_hold",
        nl="Gemiddelde tijd in de wacht",
        en="Mean hold",
        fr="Durée moyenne de mise en attente",
        formula="hold / handled",
        kind=Kind.MEAN,
        population=Population.TALKS,
        of=_SPOKEN,
        value="held",
    ),
    Figure(
        id="mean_wrap_up",
        nl="Gemiddelde nawerktijd",
        en="Mean wrap-up",
        fr="Durée moyenne de post-appel",
        formula="wrap-up / handled",
        kind=Kind.MEAN,
        population=Population.TALKS,
        of=_SPOKEN,
        value="wrap_up",
    ),
    Figure(
        id="handled",
        nl="Afgehandelde gesprekken",
        en="Handled",
        fr="Conversations traitées",
        formula="finished talks, calls back included",
        kind=Kind.COUNT,
        population=Population.TALKS,
        of=_SPOKEN,
    ),
    Figure(
        id="promises",
        nl="Gegeven terugbelbeloften",
        en="Promises given",
        fr="Promesses données",
        formula="callbacks booked, one that is moved once",
        kind=Kind.COUNT,
        population=Population.PROMISES,
    ),
)

FIGURES: Final[Mapping[str, Figure]] = MappingProxyType(
    {figure.id: figure for figure in (*_counts(), *_SHARES, *_DURATIONS)}
)
"""By id, in the order in which a table shows them."""


class Norm(msgspec.Struct, frozen=True):
    """A figure as somebody promises it."""

    id: str
    nl: str
    en: str
    fr: str
    figure: str
    """As :func:`acd.figures.report.read_ref` reads it."""
    target: float | None = None
    """0 to 1; None = whoever looks at it has promised no share."""


NORMS: Final = (
    Norm("gent", "Gent, wallboard", "Gent, wallboard", "Gand, tableau mural", "reachability"),
    Norm("1700", "1700: 95 % bereikt", "1700: 95 % reached", "1700 : 95 % joints", "reached", 0.95),
    Norm(
        "1700_150", "1700: na 150 s een aanbod", "1700: offer at 150 s", "1700 : offre à 150 s", "offer_compliance", 1.0
    ),
    Norm("groningen", "Groningen: 80/30", "Groningen: 80/30", "Groningue : 80/30", "service_level@30", 0.80),
    Norm(
        "groningen_95",
        "Groningen: 95 % beantwoord",
        "Groningen: 95 % answered",
        "Groningue : 95 % répondus",
        "strict_answer_rate",
        0.95,
    ),
    Norm("asterisk_sl", "Asterisk SL, 30 s", "Asterisk SL, 30 s", "Asterisk SL, 30 s", "app_queue_sl@30"),
    Norm("asterisk_sl2", "Asterisk SL2, 30 s", "Asterisk SL2, 30 s", "Asterisk SL2, 30 s", "app_queue_sl2@30"),
)
"""Side by side for the same calls: they differ, and each is somebody's measure. The targets are those published."""

PROMISE: Final = ("promises", "kept_promise", "offer_compliance", "reached")
"""The figures of the 150-second promise."""

DASHBOARD: Final = ("offered", "answered", "abandoned", "abandoned_short", "reachability", "service_level", "asa")
"""What a report shows that was not asked for anything in particular."""
