"""Two engines on one lock, with time as an argument: there is soon a leader, and never two who can act.

The model of the world: a database that gives the lock to one session and numbers the terms, an Asterisk that obeys the
one session that is logged in, and two engines that are frozen, killed, cut off and woken at any moment.
"""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from acd.leadership.rules import FIRST_LINK_GRACE, LEASE, LINK_GRACE, LOOK_EVERY, Claim, Leader, Standby
from acd.model.leadership import Engine, Seen

A, B = "a", "b"


def seen(leader: str | None, *beats: tuple[str, int], locked: bool = True, term: int = 1, switch: bool = True) -> Seen:
    return Seen(term, leader, locked, tuple(Engine(name, name, "", switch, count) for name, count in beats))


def test_a_leader_that_beats_is_left_alone() -> None:
    rules = Standby(B)
    for look in range(100):
        now = look * LOOK_EVERY
        assert rules.saw(seen(A, (A, look), (B, look)), now, now, sees_switch=True) is None


def test_a_free_lock_is_taken_at_the_second_look() -> None:
    rules = Standby(B)
    assert rules.saw(seen(A, (A, 1), (B, 1)), 0.0, 0.0, sees_switch=True) is None
    assert rules.saw(seen(A, (A, 1), (B, 2), locked=False), 0.2, 0.2, sees_switch=True) is None
    assert rules.saw(seen(A, (A, 1), (B, 3), locked=False), 0.4, 0.4, sees_switch=True) is Claim.FREE


def test_the_first_of_all_leads_at_once_even_without_asterisk() -> None:
    assert Standby(B).saw(seen(None, (B, 1), locked=False, term=0), 0.0, 0.0, sees_switch=False) is Claim.FREE


def test_a_frozen_leader_is_replaced_when_its_lease_is_over_and_not_before() -> None:
    rules, now = Standby(B), 0.0
    while now < LEASE:
        assert rules.saw(seen(A, (A, 7), (B, 1)), now, now, sees_switch=True) is None
        now += LOOK_EVERY
    assert rules.saw(seen(A, (A, 7), (B, 1)), now, now, sees_switch=True) is Claim.SILENT


def test_a_leader_that_still_prepares_its_records_is_not_deposed_for_want_of_asterisk() -> None:
    """That may take minutes, and the heir would have to begin at the beginning."""
    rules, now = Leader(A, 1, 0.0), 0.0
    for look in range(1, 3000):
        now = look * LOOK_EVERY
        assert rules.saw(seen(A, (A, look), (B, look)), now, now, linked=None) is None
    # From then on it has as long as any other that has not had it yet.
    for look in range(3000, 3000 + int(FIRST_LINK_GRACE / LOOK_EVERY)):
        assert rules.saw(seen(A, (A, look), (B, look)), look * LOOK_EVERY, look * LOOK_EVERY, linked=False) is None
    now += FIRST_LINK_GRACE + 2 * LOOK_EVERY
    assert rules.saw(seen(A, (A, 9999), (B, 9998)), now, now, linked=False) is not None


def test_without_asterisk_nobody_is_replaced() -> None:
    rules = Standby(B)
    for look in range(100):
        now = look * LOOK_EVERY
        assert rules.saw(seen(A, (A, 7), (B, look)), now, now, sees_switch=False) is None


def test_a_pause_of_our_own_or_of_the_database_is_not_the_leaders() -> None:
    rules = Standby(B)
    assert rules.saw(seen(A, (A, 1), (B, 1)), 0.0, 0.0, sees_switch=True) is None
    # We were frozen, or the database was: nobody has beaten meanwhile.
    assert rules.saw(seen(A, (A, 1), (B, 2)), 5.0, 5.0, sees_switch=True) is None
    assert rules.saw(seen(A, (A, 1), (B, 3)), 5.2, 8.0, sees_switch=True) is None


def test_after_a_restart_of_the_database_the_leader_has_the_first_go() -> None:
    rules = Standby(B)
    rules.saw(seen(A, (A, 1), (B, 1)), 0.0, 0.0, sees_switch=True)
    rules.lost_sight(1.0)
    now = 1.2
    while now < 1.0 + LEASE:
        assert rules.saw(seen(A, locked=False), now, now, sees_switch=True) is None
        now += LOOK_EVERY
    assert rules.saw(seen(A, locked=False), now, now, sees_switch=True) is Claim.FREE


def test_a_leader_without_asterisk_makes_way_for_one_who_has_it_and_for_nobody_else() -> None:
    for other_sees, gives_up in ((True, True), (False, False)):
        rules, now, why = Leader(A, 1, 0.0), 0.0, None
        for look in range(50):
            now = look * LOOK_EVERY
            engines = (Engine(A, A, "", now < 2, look), Engine(B, B, "", other_sees, look))
            why = rules.saw(Seen(1, A, True, engines), now, now, linked=now < 2)
            assert why is None or now > 2 + LINK_GRACE - LOOK_EVERY
            if why is not None:
                break
        assert (why is not None) is gives_up


def test_when_asterisk_is_back_the_leader_has_a_while_to_find_it_although_the_other_was_faster() -> None:
    rules, back = Leader(A, 1, 0.0), 8.0
    for look in range(100):
        now = look * LOOK_EVERY
        # Away from 2 to 8 for both; the other has it at 8, the leader half a second later.
        away = 2 <= now < back
        engines = (Engine(A, A, "", not away, look), Engine(B, B, "", not away, look))
        linked = not away and not back <= now < back + 0.5
        assert rules.saw(Seen(1, A, True, engines), now, now, linked=linked) is None


def test_a_row_that_a_dead_engine_left_behind_is_no_heir() -> None:
    rules = Leader(A, 1, 0.0)
    for look in range(30):
        now = look * LOOK_EVERY
        assert rules.saw(seen(A, (A, look), ("dead", 9)), now, now, linked=look < 5) is None
    assert rules.heir is None


def test_a_later_term_deposes() -> None:
    assert Leader(A, 1, 0.0).saw(seen(B, (A, 1), (B, 1), term=2), 0.0, 0.0, linked=True) is not None


# --- The model -------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """The database, and Asterisk. Both are always right; engines may be wrong about either."""

    term: int = 0
    leader: str | None = None
    holder: str | None = None
    beats: dict[str, int] = field(default_factory=dict)
    sees: dict[str, bool] = field(default_factory=dict)
    session: str | None = None
    """Who is logged in at Asterisk."""
    highest: int = 0
    acted: list[tuple[str, int]] = field(default_factory=list)
    """Words that Asterisk obeyed: by whom, in which term."""

    def look(self) -> Seen:
        engines = tuple(Engine(n, n, "", self.sees[n], count) for n, count in sorted(self.beats.items()))
        return Seen(self.term, self.leader, self.holder is not None, engines)


class Process:
    """One engine: it knows only what it was told, and may be stopped between any two steps."""

    def __init__(self, name: str, world: World, number: int = 0) -> None:
        self.name, self.world = f"{name}{number}", world
        self.standby = Standby(self.name)
        self.leads: Leader | None = None
        self.term = 0
        self.dead = False
        self.database = self.asterisk = True
        """Whether its cables are plugged in."""
        self.logged_in = False

    def step(self, now: float) -> None:
        """One turn of its loop: look, decide, act."""
        if self.dead:
            return
        self._look(now)
        if self.leads is not None and not self.dead:
            self._act()

    def _look(self, now: float) -> None:
        world = self.world
        if not self.database:
            (self.leads or self.standby).lost_sight(now)
            return
        world.beats[self.name] = world.beats.get(self.name, 0) + 1
        world.sees[self.name] = self.asterisk
        found = world.look()
        if self.leads is not None:
            if world.holder is None and world.leader == self.name:
                world.holder = self.name
            linked = self.asterisk and world.session == self.name
            if self.leads.saw(found, now, now, linked=linked) is not None:
                self.end()
            return
        claim = self.standby.saw(found, now, now, sees_switch=self.asterisk)
        if claim is Claim.SILENT or (claim is Claim.FREE and world.holder is None):
            world.term, world.leader, world.holder = world.term + 1, self.name, self.name
            self.term, self.leads = world.term, Leader(self.name, world.term, now)

    def _act(self) -> None:
        world = self.world
        if not self.asterisk:
            return
        if self.logged_in and world.session != self.name:
            self.logged_in = False
        elif not self.logged_in:
            # The fence, then the login, then the term: what Asterisk does with each.
            if self.term >= world.highest:
                world.highest = self.term
                world.session = None
            if world.session is None and self.term >= world.highest:
                world.session, self.logged_in = self.name, True
        else:
            world.acted.append((self.name, self.term))

    def end(self) -> None:
        self.dead = True
        if self.world.holder == self.name:
            self.world.holder = None
        if self.world.session == self.name:
            self.world.session = None


HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(["freeze", "wake", "kill", "start", "database", "asterisk", "plug", "nothing"]),
        st.integers(0, 1),
        st.integers(1, 15),
    ),
    max_size=40,
)


@given(HAPPENINGS)
@settings(max_examples=300)
def test_whatever_happens_asterisk_obeys_later_terms_only(happenings: list[tuple[str, int, int]]) -> None:
    world = World()
    engines = [Process(A, world), Process(B, world)]
    frozen, now, born = [False, False], 0.0, 1

    def turn() -> None:
        nonlocal now
        now += LOOK_EVERY
        for index, engine in enumerate(engines):
            if not frozen[index]:
                engine.step(now)

    for what, which, turns in happenings:
        engine = engines[which]
        match what:
            case "freeze" | "wake":
                frozen[which] = what == "freeze"
            case "kill":
                engine.end()
            case "start" if engine.dead:
                engines[which], frozen[which], born = Process((A, B)[which], world, born), False, born + 1
            case "database":
                engine.database = False
            case "asterisk":
                engine.asterisk = False
            case "plug":
                engine.database = engine.asterisk = True
            case _:
                pass
        for _ in range(turns):
            turn()
    terms = [term for _, term in world.acted]
    assert terms == sorted(terms), "a word of an earlier term was obeyed after one of a later"
    assert len(dict(world.acted)) <= len(set(terms)), "two acted in one term"

    # When all is well again there is a leader who acts, within the lease and a few looks.
    for index, engine in enumerate(engines):
        engine.database, engine.asterisk, frozen[index] = True, True, False
        if engine.dead:
            engines[index], born = Process((A, B)[index], world, born), born + 1
    world.acted.clear()
    for _ in range(int(3 * LEASE / LOOK_EVERY)):
        turn()
        for index, engine in enumerate(engines):
            if engine.dead:
                engines[index], born = Process((A, B)[index], world, born), born + 1
    assert world.acted, "somebody leads and acts"
