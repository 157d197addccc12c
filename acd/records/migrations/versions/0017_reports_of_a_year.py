"""What the figures of a year are counted by, beside the rows and in the order of an index: the day of a talk, the
half-hour of an operator's state; line, arrival and outcome of the call by which a citizen is known."""

from alembic import op
from sqlalchemy import Column, Double, Integer, Text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CALL = (
    *("day", "counted_line", "outcome", "waited", "arrived_at", "call", "entered_at", "answered_at", "outcome_at"),
    *("transferred_at", "callback", "callback_heard_at", "callback_waited"),
)
STATE = ("half_hour", "day", "state", "operator", "reason", "began_at", "ended_at")
TALK = ("day", "line", "operator", "began_at", "ended_at", "held", "wrap_up_at", "wrapped_up_at")
CITIZEN = ("day", "citizen", "outcome", "arrived_at", "call", "line")


def upgrade() -> None:
    op.drop_index("ix_call_day", "call")
    op.create_index("ix_call_counted", "call", list(CALL))
    day = Column("day", Integer, comment="days from 1970-01-01 to that of its begin, in Brussels")
    op.add_column("talk", day)
    op.create_index("ix_talk_day", "talk", list(TALK))
    half_hour = Column(
        "half_hour",
        Integer,
        comment="half-hours from 1970-01-01 UTC to that in which it lies; NULL: not in one alone",
    )
    op.add_column("operator_state", half_hour)
    op.create_index("ix_operator_state_half_hour", "operator_state", list(STATE))
    for column in (
        Column("line", Text, comment="counted_line of the call, empty where it has none; NULL: not yet known"),
        Column("arrived_at", Double, comment="of the call"),
        Column("day", Integer, comment="of the call"),
        Column("outcome", Text, comment="of the call"),
    ):
        op.add_column("citizen", column)
    op.drop_index("ix_citizen_citizen", "citizen")
    op.create_index("ix_citizen_again", "citizen", ["citizen", "line", "arrived_at", "call"])
    op.create_index("ix_citizen_day", "citizen", list(CITIZEN))


def downgrade() -> None:
    op.drop_index("ix_citizen_day", "citizen")
    op.drop_index("ix_citizen_again", "citizen")
    op.create_index("ix_citizen_citizen", "citizen", ["citizen"])
    for name in ("outcome", "day", "arrived_at", "line"):
        op.drop_column("citizen", name)
    op.drop_index("ix_operator_state_half_hour", "operator_state")
    op.drop_column("operator_state", "half_hour")
    op.drop_index("ix_talk_day", "talk")
    op.drop_column("talk", "day")
    op.drop_index("ix_call_counted", "call")
    op.create_index("ix_call_day", "call", ["day", "counted_line"])
