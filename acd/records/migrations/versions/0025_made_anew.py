"""Each hold and each visit to the partner has a row of its own; both are made anew from the ledger. The log of the
promises tells each attempt, too, so that promises and attempts can be made anew from it."""

from alembic import op
from sqlalchemy import BigInteger, Column, Double, Integer, Text

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TRIED = "JSON of the attempt as it was from then on; NULL: another step, or an older version"
NUMBER = BigInteger().with_variant(Integer, "sqlite")


_REFUSAL = "the log of the promises is append-only"
_COLUMNS = ("callback", "step", "at", "by", "what", "attempt", "old", "new")


def upgrade() -> None:
    op.add_column("callback_log", Column("tried", Text, comment=TRIED))
    _may_change_no_more((*_COLUMNS, "tried"))
    op.create_table(
        "hold",
        Column("seq", NUMBER, primary_key=True, autoincrement=False, comment="ledger number of its begin"),
        Column("talk", NUMBER, nullable=False, index=True, comment="seq of the talk that it is part of"),
        Column("began_at", Double, nullable=False),
        Column("ended_at", Double, comment="NULL: on hold still"),
    )
    op.create_table(
        "overflow",
        Column("seq", NUMBER, primary_key=True, autoincrement=False, comment="ledger number of its begin"),
        Column("call", Text, nullable=False, index=True),
        Column("line", Text, nullable=False),
        Column("because", Text, nullable=False, comment="full, unstaffed or waited"),
        Column("began_at", Double, nullable=False, comment="sent to the partner"),
        Column("answered_at", Double, comment="the partner answered"),
        Column("ended_at", Double, comment="NULL: there still"),
        Column("how", Text, comment="answered, returned (to his old place) or gone"),
    )


def _may_change_no_more(columns: tuple[str, ...]) -> None:
    """Why a person did it may be taken away; nothing else of the log."""
    if op.get_bind().dialect.name == "sqlite":
        same = " AND ".join(f'NEW."{name}" IS OLD."{name}"' for name in columns)
        op.execute("DROP TRIGGER callback_log_no_update")
        op.execute(
            "CREATE TRIGGER callback_log_no_update BEFORE UPDATE ON callback_log "
            f"WHEN NOT (NEW.why IS NULL AND {same}) BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
        return
    same = " AND ".join(f'NEW."{name}" IS NOT DISTINCT FROM OLD."{name}"' for name in columns)
    op.execute("DROP TRIGGER callback_log_no_change ON callback_log")
    op.execute(
        "CREATE TRIGGER callback_log_no_change BEFORE UPDATE ON callback_log "
        f"FOR EACH ROW WHEN (NOT (NEW.why IS NULL AND {same})) EXECUTE FUNCTION callback_log_is_append_only()"
    )


def downgrade() -> None:
    _may_change_no_more(_COLUMNS)
    op.drop_column("callback_log", "tried")
    for view in ("hold", "overflow"):
        op.execute(f"DROP VIEW IF EXISTS report_{view}")
    op.drop_table("overflow")
    op.drop_table("hold")
