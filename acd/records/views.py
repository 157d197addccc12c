"""The views that reports of others read (Power BI, Excel, a spreadsheet): names and units that stay.

They say the same on SQLite and PostgreSQL. A column may be added at the end of a view; none is renamed, moved or taken
away, and none changes its meaning. Moments come twice: as seconds since the epoch (``..._at``), and on the wall clock
of Brussels, as timestamp on PostgreSQL and as text ``2027-03-01 09:30:00`` on SQLite. Yes and no are 1 and 0.

No view tells a number or a name of a citizen.
"""

import hashlib
import re
from typing import Final

import msgspec


class Column(msgspec.Struct, frozen=True):
    name: str
    kind: str
    """text, integer, real, date or timestamp."""
    unit: str
    meaning: str
    sql: str


class View(msgspec.Struct, frozen=True):
    name: str
    meaning: str
    key: str
    period: str
    """The column by which a row belongs to a period: a day, or seconds since the epoch. Empty: to none."""
    columns: tuple[Column, ...]
    source: str
    """From FROM on."""


def _text(name: str, meaning: str, sql: str) -> Column:
    return Column(name, "text", "", meaning, sql)


def _whole(name: str, unit: str, meaning: str, sql: str) -> Column:
    return Column(name, "integer", unit, meaning, sql)


def _real(name: str, unit: str, meaning: str, sql: str) -> Column:
    return Column(name, "real", unit, meaning, sql)


def _yes(name: str, meaning: str, sql: str) -> Column:
    return Column(name, "integer", "0 or 1", meaning, f"CASE WHEN {sql} THEN 1 ELSE 0 END")


def _moment(name: str, meaning: str, sql: str) -> tuple[Column, Column]:
    return (
        Column(name, "timestamp", "wall clock of Brussels", meaning, f"LOCAL({sql})"),
        Column(f"{name}_at", "real", "seconds since the epoch", meaning, sql),
    )


def _day(sql: str, meaning: str) -> Column:
    return Column("day", "date", "day in Brussels", meaning, f"DAY({sql})")


def _spent(sql: str) -> str:
    """Never less than nothing: a clock that was set back takes nobody's time away."""
    return f"CASE WHEN {sql} < 0 THEN 0 ELSE {sql} END"


_LINE: Final = "COALESCE(o.line, c.line)"
_SHORT: Final = "COALESCE(s.short_abandon, 10)"
_TARGET: Final = "COALESCE(s.target_wait, 30)"
_NOW: Final = (
    "CASE WHEN o.outcome NOT IN ('abandoned', 'abandoned_short') THEN o.outcome "
    f"WHEN o.waited < {_SHORT} THEN 'abandoned_short' ELSE 'abandoned' END"
)
_IN_GAP: Final = (
    "EXISTS (SELECT 1 FROM gap g WHERE COALESCE(g.began_at, 0) < COALESCE(c.ended_at, c.arrived_at) "
    "AND (g.ended_at IS NULL OR g.ended_at > c.arrived_at))"
)


def _unseen(began: str, ended: str) -> str:
    """Whether a row that lasts from ``began`` to ``ended`` (NULL: it lasts still) overlaps a gap."""
    return (
        f"EXISTS (SELECT 1 FROM gap g WHERE (g.ended_at IS NULL OR g.ended_at > {began}) "  # noqa: S608 - our own words
        f"AND ({ended} IS NULL OR COALESCE(g.began_at, 0) < {ended}))"
    )


_GAP_OF_DAY: Final = (
    "COALESCE((SELECT SUM(GREATEST(0, LEAST(COALESCE(g.ended_at, NOW()), MIDNIGHT(d.number, 1)) "
    "- GREATEST(COALESCE(g.began_at, 0), MIDNIGHT(d.number, 0)))) FROM gap g "
    # Midnight is looked up for those alone that can overlap: Brussels is at most two hours ahead.
    "WHERE COALESCE(g.began_at, 0) < (d.number + 1) * 86400.0 "
    "AND (g.ended_at IS NULL OR g.ended_at > d.number * 86400.0 - 7200)), 0.0)"
)
_REPAIRED: Final = (
    '(SELECT COUNT(*) FROM "call" c WHERE c.repaired_at IS NOT NULL AND c.ended_at > COALESCE(g.began_at, 0) - 10 '
    "AND c.arrived_at < g.ended_at)"
)
_TALK: Final = _spent("(t.ended_at - t.began_at)")
_TALK_OVER: Final = (
    "CASE WHEN t.wrap_up_at IS NOT NULL AND t.wrapped_up_at IS NULL THEN NULL "
    "ELSE COALESCE(t.wrapped_up_at, t.ended_at) END"
)
_SEEN_IN_PART: Final = "part of it fell in a time in which nothing could be seen"
_WRAP: Final = _spent("(t.wrapped_up_at - t.wrap_up_at)")
_CALLS: Final = f'FROM "call" c LEFT JOIN outcome o ON o."call" = c."call" LEFT JOIN line_setting s ON s.line = {_LINE}'


def _of_talks(sql: str) -> str:
    return f'(SELECT {sql} FROM talk t WHERE t."call" = c."call")'  # noqa: S608 - our own words


def _counted(name: str, meaning: str, condition: str) -> Column:
    return _whole(name, "calls", meaning, f"COUNT(CASE WHEN {condition} THEN 1 END)")


def _columns(columns: tuple[Column, ...]) -> str:
    return ",\n  ".join(f'{column.sql} AS "{column.name}"' for column in columns)


_OF_DAY: Final = (
    _day("c.arrived_at", "of the arrivals"),
    _text("line", "as in report_call; NULL: joined none", _LINE),
    _whole("offered", "calls", "calls that came in", "COUNT(*)"),
    _counted("answered", "A", "o.outcome = 'answered'"),
    _counted(
        "answered_in_target",
        "A_t: within today's target wait of the line",
        f"o.outcome = 'answered' AND o.waited <= {_TARGET}",
    ),
    _counted(
        "abandoned",
        "B: hung up while waiting, short ones included",
        "o.outcome IN ('abandoned', 'abandoned_short')",
    ),
    _counted(
        "abandoned_short",
        "s: of B before today's limit of the line",
        f"o.outcome IN ('abandoned', 'abandoned_short') AND o.waited < {_SHORT}",
    ),
    _counted("callback_accepted", "a call back was promised", "o.outcome = 'callback_accepted'"),
    _counted("overflow_answered", "by the partner", "o.outcome = 'overflow_answered'"),
    _counted("overflow_lost", "at the partner's", "o.outcome = 'overflow_lost'"),
    _counted("closed", "outside opening hours", "o.outcome = 'closed'"),
    _counted("left_menu", "hung up in the menu", "o.outcome = 'left_menu'"),
    _counted("informed", "helped by the menu", "o.outcome = 'informed'"),
    _counted("refused", "full or unstaffed", "o.outcome = 'refused'"),
    _counted("switch_failure", "lost through the telephone system", "o.outcome = 'switch_failure'"),
    _counted("undecided", "not over yet", "o.outcome IS NULL"),
    _real(
        "answered_wait_seconds",
        "seconds",
        "sum of the waits of A: ASA = this / answered",
        "SUM(CASE WHEN o.outcome = 'answered' THEN o.waited ELSE 0 END)",
    ),
)
"""Of report_day, counted by day and line."""

VIEWS: Final = (
    View(
        "report_call",
        "One row a call of a citizen.",
        "call",
        "arrived_at",
        (
            _text("call", "the call", 'c."call"'),
            _day("c.arrived_at", "of its arrival"),
            *_moment("arrived", "the call came in", "c.arrived_at"),
            _text("did", "the number that was called, as the trunk delivers it; NULL: its start was not seen", "c.did"),
            _text("language", "nl, en or fr", "c.language"),
            _text("menu_path", "menu nodes passed, joined by >", "c.path"),
            _text("line", "line of the outcome; without one the line joined last; NULL: none was joined", _LINE),
            _real("entered_at", "seconds since the epoch", "joined the line that he joined last", "c.entered_at"),
            _text("outcome", "how it ended, as it was counted then; NULL: not yet", "o.outcome"),
            _text("outcome_now", "the same with today's limit of short abandons", _NOW),
            _real("wait_seconds", "seconds", "in the queue up to the outcome; NULL: joined no line", "o.waited"),
            _yes(
                "answered_in_target",
                "answered within today's target wait of the line",
                f"o.outcome = 'answered' AND o.waited <= {_TARGET}",
            ),
            _text("operator", "the last one who spoke with the caller", "c.operator"),
            _real("answered_at", "seconds since the epoch", "of the last talk", "c.answered_at"),
            _real(
                "ended_at", "seconds since the epoch", "the caller's channel was gone; NULL: still open", "c.ended_at"
            ),
            _whole(
                "talks",
                "talks",
                "operators spoken with, those to whom he was passed on included",
                _of_talks("COUNT(*)"),
            ),
            _real("talk_seconds", "seconds", "of all finished talks, hold included", _of_talks(f"SUM({_TALK})")),
            _real("hold_seconds", "seconds", "of them on hold", _of_talks("SUM(t.held)")),
            _real("wrap_up_seconds", "seconds", "of the operators afterwards", _of_talks(f"SUM({_WRAP})")),
            _whole("offers", "rings", "operators who were rung", "c.offers"),
            _text("callback", "the promise that was given in it", "c.callback"),
            _real(
                "callback_offer_wait",
                "seconds",
                "in the queue when the offer to be called back began",
                "c.callback_waited",
            ),
            _yes("fallback", "Asterisk's own queue connected it", "c.fallback"),
            _yes(
                "inferred",
                "nobody was listening when it ended: the outcome was found out afterwards",
                "o.seen IS NOT NULL AND NOT o.seen",
            ),
            _yes("in_gap", _SEEN_IN_PART, _IN_GAP),
            _text(
                "citizen",
                "the same for the same number; NULL: withheld, or erased",
                '(SELECT z.citizen FROM citizen z WHERE z."call" = c."call")',
            ),
            _yes("passed_on", "an operator passed the caller on", "c.transferred_at IS NOT NULL"),
            _yes("repaired", "Asterisk's own record told of it what was not seen", "c.repaired_at IS NOT NULL"),
            _text(
                "answered_by",
                "the first one who spoke with the caller: his are the figures of the call by operator",
                "c.answered_by",
            ),
        ),
        _CALLS,
    ),
    View(
        "report_day",
        "Counts by day of arrival and line: any percentage follows. offered = the sum of the outcomes + undecided.",
        "day, line",
        "day",
        (
            *(msgspec.structs.replace(column, sql=f'd."{column.name}"') for column in _OF_DAY),
            _real(
                "gap_seconds",
                "seconds",
                "of this day in which nothing could be seen: where it is not 0, counts are a lower bound; the same for "
                "all lines",
                _GAP_OF_DAY,
            ),
        ),
        f"FROM (SELECT {_columns(_OF_DAY)}, MIN(c.day) AS number {_CALLS} GROUP BY DAY(c.arrived_at), {_LINE}) d",
    ),
    View(
        "report_talk",
        "One row each time that an operator and a citizen spoke, calls back included.",
        "talk",
        "began_at",
        (
            _whole("talk", "", "number of the event with which it began", "t.seq"),
            _day("t.began_at", "of its begin"),
            *_moment("began", "they began to speak", "t.began_at"),
            _text("call", "NULL: a call back", 't."call"'),
            _text("callback", "the promise that was kept; NULL: an ordinary call", "t.callback"),
            _text("line", "of the call", "t.line"),
            _text("operator", "NULL: a phone that is not in queues.yaml", "t.operator"),
            _real("ended_at", "seconds since the epoch", "NULL: they speak still", "t.ended_at"),
            _real("talk_seconds", "seconds", "hold included", _TALK),
            _real("hold_seconds", "seconds", "of them on hold", "t.held"),
            _real("wrap_up_seconds", "seconds", "afterwards; NULL: none, or not over yet", _WRAP),
            _yes("fallback", "Asterisk's own queue connected it", "t.fallback"),
            _yes(
                "in_gap",
                "part of it, its wrap-up included, fell in a time in which nothing could be seen",
                _unseen("t.began_at", _TALK_OVER),
            ),
        ),
        "FROM talk t",
    ),
    View(
        "report_hold",
        "One row each time that a citizen was put on hold.",
        "hold",
        "began_at",
        (
            _whole("hold", "", "number of the event with which it began", "h.seq"),
            _day("h.began_at", "of its begin"),
            *_moment("began", "he hears music", "h.began_at"),
            _whole("talk", "", "the conversation, as in report_talk", "h.talk"),
            _text("call", "the call", 't."call"'),
            _text("line", "of the call", "t.line"),
            _text("operator", "NULL: a phone that is not in queues.yaml", "t.operator"),
            _real("ended_at", "seconds since the epoch", "NULL: on hold still", "h.ended_at"),
            _real("hold_seconds", "seconds", "how long; NULL: on hold still", _spent("(h.ended_at - h.began_at)")),
            _yes("in_gap", _SEEN_IN_PART, _unseen("h.began_at", "h.ended_at")),
        ),
        "FROM hold h LEFT JOIN talk t ON t.seq = h.talk",
    ),
    View(
        "report_overflow",
        "One row each time that a caller was sent to the partner contact centre.",
        "overflow",
        "began_at",
        (
            _whole("overflow", "", "number of the event with which it began", "v.seq"),
            _day("v.began_at", "of its begin"),
            *_moment("began", "he was sent there", "v.began_at"),
            _text("call", "the call", 'v."call"'),
            _text("line", "the line on which he waited", "v.line"),
            _text("because", "full, unstaffed or waited", "v.because"),
            _real("answered_at", "seconds since the epoch", "the partner answered; NULL: not", "v.answered_at"),
            _real("ended_at", "seconds since the epoch", "NULL: there still", "v.ended_at"),
            _text(
                "how",
                "answered, returned (to his place), or gone (hung up; whom an operator had sent on was perhaps "
                "answered); NULL: there still",
                "v.how",
            ),
            _yes("in_gap", _SEEN_IN_PART, _unseen("v.began_at", "v.ended_at")),
        ),
        "FROM overflow v",
    ),
    View(
        "report_wait",
        "One row each time that a caller joined a line, or was moved to it while he waited.",
        "wait",
        "began_at",
        (
            _whole("wait", "", "number of the event with which it began", "w.seq"),
            _day("w.began_at", "of its begin"),
            *_moment("began", "joined the line; moved by hand: joined the one before", "w.began_at"),
            _text("call", "the call", 'w."call"'),
            _text("line", "the line", "w.line"),
            _real("ended_at", "seconds since the epoch", "NULL: waits still", "w.ended_at"),
            _real("wait_seconds", "seconds", "how long he waited", _spent("(w.ended_at - w.began_at)")),
            _text("how", "answered, moved (to another line), gone (hung up after his outcome) or an outcome", "w.how"),
            _yes("in_gap", _SEEN_IN_PART, _unseen("w.began_at", "w.ended_at")),
        ),
        "FROM wait w",
    ),
    View(
        "report_ring",
        "One row each time that an operator's phone was to ring for a caller.",
        "offer",
        "offered_at",
        (
            _whole("offer", "", "number of the offer", "f.offer"),
            _day("f.at", "of the offer"),
            *_moment("offered", "the switch was told to ring", "f.at"),
            _text("call", "the call", 'f."call"'),
            _text("operator", "whose phone", "f.operator"),
            _real(
                "ring_seconds",
                "seconds",
                "from the first ring to its end; NULL: it did not ring",
                _spent("(f.ended_at - f.rang_at)"),
            ),
            _text("how", "answered, caller_left, ring_no_answer, busy, rejected, ...; NULL: under way", "f.how"),
            _yes("in_gap", _SEEN_IN_PART, _unseen("f.at", "f.ended_at")),
        ),
        "FROM offer f",
    ),
    View(
        "report_operator_state",
        "One row each time that an operator's state changed: what he did from when to when.",
        "state",
        "began_at",
        (
            _whole("state", "", "number of the event with which it began", "p.seq"),
            _day("p.began_at", "of its begin; it may last longer than the day"),
            *_moment("began", "it began", "p.began_at"),
            _text("operator", "who", "p.operator"),
            _text(
                "what",
                "available, reserved, ringing, in_call, wrap_up, not_ready, on_other_call, unreachable or logged_out",
                "p.state",
            ),
            _text("reason", "why not ready", "p.reason"),
            _text("line", "line of the call in hand", "p.line"),
            _real("ended_at", "seconds since the epoch", "NULL: it is so now", "p.ended_at"),
            _real("seconds", "seconds", "how long; NULL: it is so now", _spent("(p.ended_at - p.began_at)")),
            _text("set_by", "who did it; engine: it followed from a call", 'p."by"'),
            _yes("in_gap", _SEEN_IN_PART, _unseen("p.began_at", "p.ended_at")),
        ),
        "FROM operator_state p",
    ),
    View(
        "report_callback",
        "One row a promise to call a citizen back.",
        "callback",
        "promised_at",
        (
            _text("callback", "the promise", "b.callback"),
            _day("b.promised_at", "on which it was given"),
            *_moment("promised", "it was given", "b.promised_at"),
            _text("line", "the line", "b.line"),
            _text("call", "in which it was given, or moved last", 'b."call"'),
            *_moment("deadline", "he is called before", "b.deadline"),
            _text("state", "open, claimed, handed_over, reached, settled or cancelled", "b.state"),
            _whole("attempts", "attempts", "in which the citizen's phone was rung", "b.attempts"),
            _real("reached_at", "seconds since the epoch", "operator and citizen spoke", "b.reached_at"),
            _yes("kept", "reached before the deadline", "b.reached_at IS NOT NULL AND b.reached_at <= b.deadline"),
            _real("closed_at", "seconds since the epoch", "no longer owed", "b.closed_at"),
            _text("why", "of the state", "b.why"),
            _yes(
                "in_gap",
                "nothing could be seen for a part of the time in which it was owed",
                _unseen("b.promised_at", "b.closed_at"),
            ),
        ),
        "FROM callback b",
    ),
    View(
        "report_survey",
        "One row a caller who was asked after his conversation.",
        "survey",
        "began_at",
        (
            _whole("survey", "", "number of the event with which it began", "v.seq"),
            _day("v.at", "of its begin"),
            *_moment("began", "it began", "v.at"),
            _text("call", "the call; acd-cb-<attempt>: he was called back", 'v."call"'),
            _text("line", "the line", "v.line"),
            _text("operator", "who spoke with the caller last; NULL: not known", "v.operator"),
            _yes("sent", "his operator sent him: who is sent may be no fair sample", "v.sent"),
            _whole(
                "answers",
                "questions",
                "to which he gave a score",
                '(SELECT COUNT(*) FROM survey_answer a WHERE a."call" = v."call")',
            ),
            _yes(
                "in_gap",
                "a gap before he hung up, or, was he called back, within 5 minutes: he may have given more scores",
                _unseen("v.at", 'COALESCE((SELECT c.ended_at FROM "call" c WHERE c."call" = v."call"), v.at + 300)'),
            ),
        ),
        "FROM survey v",
    ),
    View(
        "report_survey_answer",
        "One row a score that a caller gave: the mean by line and question is AVG(score).",
        "answer",
        "given_at",
        (
            _whole("answer", "", "number of the event", "a.seq"),
            _day("a.at", "on which it was given"),
            *_moment("given", "it was given", "a.at"),
            _text("call", "the call; acd-cb-<attempt>: he was called back", 'a."call"'),
            _text("line", "the line", "a.line"),
            _text("operator", "who spoke with the caller last; NULL: not known", "a.operator"),
            _text("question", "its id in queues.yaml", "a.question"),
            _whole("score", "1 to 10", "10 is the best", "a.score"),
        ),
        "FROM survey_answer a",
    ),
    View(
        "report_conversation",
        "One row a conversation that an operator had at his desk, and what he noted of it; no names, no notes.",
        "conversation",
        "began_at",
        (
            _text("conversation", "the conversation", "n.contact"),
            _day("n.began_at", "of its begin"),
            *_moment("began", "the operator picked up", "n.began_at"),
            _real("ended_at", "seconds since the epoch", "NULL: they speak still", "n.ended_at"),
            _text("call", "NULL: a call back", 'n."call"'),
            _text("callback", "the promise that was being kept; NULL: an ordinary call", "n.callback"),
            _text("line", "the line", "n.line"),
            _text("operator", "who", "n.operator"),
            _text("language", "nl, en or fr", "n.language"),
            _text("subjects", "ids in queues.yaml, as a JSON list", "n.subjects"),
            _whole(
                "settled",
                "0 or 1",
                "the operator noted whether the question was settled; NULL: he did not say",
                "CASE WHEN n.settled IS NULL THEN NULL WHEN n.settled THEN 1 ELSE 0 END",
            ),
            _yes("in_gap", _SEEN_IN_PART, _unseen("n.began_at", "n.ended_at")),
        ),
        "FROM contact n",
    ),
    View(
        "report_gap",
        "Times in which nothing could be seen: counts over them are a lower bound.",
        "gap",
        "began_at",
        (
            _whole("gap", "", "number of the event that tells of it", "g.seq"),
            *_moment("began", "NULL: nothing was seen before", "g.began_at"),
            *_moment("ended", "NULL: it lasts", "g.ended_at"),
            _text("reason", "why", "g.reason"),
            _whole("repaired_calls", "calls", "of which Asterisk's own record told what was not seen", _REPAIRED),
        ),
        "FROM gap g",
    ),
    View(
        "report_event",
        "One row an event of the ledger, without what it tells: all other rows come from these.",
        "event",
        "happened_at",
        (
            _whole("event", "", "its number: 1, 2, 3, ... none is left out", "e.seq"),
            _day("e.at", "on which it happened"),
            *_moment("happened", "on our clock, when the engine dealt with it", "e.at"),
            _real(
                "switch_at",
                "seconds since the epoch",
                "the same moment on Asterisk's clock, by the difference measured last; NULL: no link, or several "
                "servers that differ",
                "e.switch_at",
            ),
            _text("kind", "CallStarted, CallEnteredLine, ...; Unreadable: it could not be stored whole", "e.type"),
            _text("call", "NULL: it is about none", 'e."call"'),
            _text("line", "NULL: it is about none", "e.line"),
            _text("operator", "NULL: it is about none", "e.operator"),
        ),
        "FROM event e",
    ),
    View(
        "report_line",
        "The lines and their targets as queues.yaml has them now.",
        "line",
        "",
        (
            _text("line", "id", "s.line"),
            _whole("place", "", "order in queues.yaml", "s.place"),
            _text("name_nl", "name in Dutch", "s.name_nl"),
            _text("name_en", "in English", "s.name_en"),
            _text("name_fr", "in French", "s.name_fr"),
            _real("short_abandon_seconds", "seconds", "t0: who hangs up before counts as short", "s.short_abandon"),
            _real("target_wait_seconds", "seconds", "answered within this is in time", "s.target_wait"),
            _real("target_share", "0 to 1", "so many in time", "s.target_share"),
            _real("target_reachability", "0 to 1", "A / (A + B)", "s.target_reachability"),
            _real(
                "callback_after_seconds",
                "seconds",
                "wait at which a call back is offered; NULL: never",
                "s.offer_after",
            ),
        ),
        "FROM line_setting s",
    ),
)

_MACRO: Final = re.compile(r"\b(LOCAL|DAY)\(([a-z.\"_]+)\)")
_MIDNIGHT: Final = re.compile(r"\bMIDNIGHT\(([a-z.]+), ([01])\)")
_AHEAD: Final = "{0} + (SELECT k.ahead FROM clock_change k WHERE k.from_at <= {0} ORDER BY k.from_at DESC LIMIT 1)"


def definition(view: View, dialect: str) -> str:
    """The statement that makes ``view``."""
    verb = "CREATE OR REPLACE VIEW" if dialect == "postgresql" else "CREATE VIEW"
    written = f"{verb} {view.name} AS SELECT\n  {_columns(view.columns)}\n{view.source}"
    written = _MIDNIGHT.sub(lambda found: _midnight(f"({found[1]} + {found[2]})"), written)
    written = _MACRO.sub(lambda found: _brussels(found[1], found[2], dialect), written)
    for word, spoken in _SPOKEN[dialect].items():
        written = written.replace(word, spoken)
    return written


def _brussels(macro: str, at: str, dialect: str) -> str:
    if dialect == "postgresql":
        local = f"date_trunc('second', to_timestamp({at}) AT TIME ZONE 'Europe/Brussels')"
        return f"CAST({local} AS date)" if macro == "DAY" else local
    function = "date" if macro == "DAY" else "datetime"
    return f"{function}({_AHEAD.format(at)}, 'unixepoch')"


def _midnight(day: str) -> str:
    """When that day begins in Brussels, seconds since the epoch: no clock is changed at midnight."""
    ahead = (
        f"(SELECT k.ahead FROM clock_change k WHERE k.from_at + k.ahead <= {day} * 86400.0 "  # noqa: S608 - our own words
        "ORDER BY k.from_at DESC LIMIT 1)"
    )
    return f"({day} * 86400.0 - {ahead})"


_SPOKEN: Final = {
    "postgresql": {"NOW()": "CAST(EXTRACT(EPOCH FROM now()) AS double precision)"},
    "sqlite": {"NOW()": "CAST(strftime('%s', 'now') AS real)", "LEAST(": "MIN(", "GREATEST(": "MAX("},
}


def fingerprint(dialect: str) -> str:
    """Changes when one of the views does."""
    return hashlib.sha256("\n".join(definition(view, dialect) for view in VIEWS).encode()).hexdigest()


def dictionary() -> str:
    """All views and columns, for the documentation."""
    parts = []
    for view in VIEWS:
        rows = "\n".join(
            f"| `{column.name}` | {column.kind} | {column.unit} | {column.meaning} |" for column in view.columns
        )
        head = "| column | type | unit | meaning |\n|---|---|---|---|"
        parts.append(f"## {view.name}\n{view.meaning} Key: {view.key}.\n\n{head}\n{rows}\n")
    return "\n".join(parts)
