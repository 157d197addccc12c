"""The two loops of an engine that is not alone: stand by until the lead is ours, then hold it until it is not.

How long anything took is measured on a clock that nobody sets.
"""

import asyncio
from collections.abc import Callable, Collection

import structlog

from acd.leadership.rules import LOOK_EVERY, Claim, Leader, Standby
from acd.model.leadership import Engine, Seen, Term
from acd.model.mendable import Mendable
from acd.ports import LeadStore

log = structlog.get_logger()


class Campaign:
    """One engine's way to the lead, and back.

    Args:
        store: where it is decided.
        me: our own instance; ``sees_switch`` and ``beats`` are not looked at.
        sees_switch: whether Asterisk answers us now; None = it was not asked yet.
        revisions: of the tables, on which this version can work.
    """

    def __init__(
        self, store: LeadStore, me: Engine, sees_switch: Callable[[], bool | None], revisions: Collection[str]
    ) -> None:
        self._store = store
        self._me = me
        self._revisions = revisions
        self.sees_switch = sees_switch
        self.seen: Seen | None = None
        """The last look; None = the database does not answer."""
        self.term: Term | None = None
        self._rules: Leader | None = None
        self._away = False

    @property
    def leader(self) -> Engine | None:
        """Who leads, as far as we know."""
        return None if self.seen is None else self.seen.engine(self.seen.leader)

    @property
    def newer_schema(self) -> str | None:
        """The revision of the tables, when a newer version made them: an engine of this one must not lead."""
        schema = None if self.seen is None else self.seen.schema
        return None if schema in self._revisions else schema

    @property
    def heir(self) -> str | None:
        """Who could take over from us now."""
        return None if self._rules is None else self._rules.heir

    async def win(self) -> Term:
        """Stand by until the lead is ours."""
        rules, loop = Standby(self._me.instance), asyncio.get_running_loop()
        while True:
            asked_at = loop.time()
            try:
                seen = await self._look()
                now = loop.time()
                claim = rules.saw(seen, asked_at, now, sees_switch=bool(self.sees_switch()))
                fits = self.newer_schema is None
                if claim is not None and fits and (term := await self._claim(claim, seen)) is not None:
                    return term
            except Mendable as error:
                self._lost(error)
                rules.lost_sight(loop.time())
            await self._pause(asked_at)

    async def hold(self) -> str:
        """Beat until we lead no longer; why."""
        assert self.term is not None
        loop = asyncio.get_running_loop()
        rules, whole = Leader(self._me.instance, self.term.number, loop.time()), True
        self._rules = rules
        while True:
            asked_at = loop.time()
            try:
                if not whole:
                    # Whoever leads meanwhile has the lock; else it is ours again.
                    await self._store.take_back(self._me, self.term.number)
                seen, linked = await self._look(), self.sees_switch()
                whole = True
                if (why := rules.saw(seen, asked_at, loop.time(), linked=linked)) is not None:
                    return why
            except Mendable as error:
                self._lost(error)
                rules.lost_sight(loop.time())
                whole = False
            await self._pause(asked_at)

    async def release(self) -> None:
        """Let another have the lead."""
        await self._store.release()

    async def _look(self) -> Seen:
        me = self._me
        # Who has not looked at the tables yet, or must not lead, is nobody's heir.
        able = self.seen is not None and self.newer_schema is None
        engine = Engine(me.instance, me.name, me.url, able and bool(self.sees_switch()))
        seen, before = await self._store.beat(engine), self.newer_schema
        if self._away:
            log.info("leadership.database_back")
        self.seen, self._away = seen, False
        if self.newer_schema not in (None, before):
            log.error("leadership.schema_newer", revision=self.newer_schema, mend="upgrade this engine")
        return seen

    async def _claim(self, claim: Claim, seen: Seen) -> Term | None:
        before = seen.engine(seen.leader)
        log.warning("leadership.claim", because=claim.value, of=before.name if before else None)
        self.term = await self._store.claim(self._me, seen.leader, oust=claim is Claim.SILENT)
        if self.term is not None:
            log.warning("leadership.won", term=self.term.number, because=claim.value)
        return self.term

    def _lost(self, error: Mendable) -> None:
        if not self._away:
            log.error("leadership.database_away", error=str(error))
        self.seen, self._away = None, True

    async def _pause(self, since: float) -> None:
        await asyncio.sleep(max(0.02, since + LOOK_EVERY - asyncio.get_running_loop().time()))
