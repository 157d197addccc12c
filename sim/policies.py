"""Who decides who gets whom, by name: the engine with one of its rules, or Asterisk's own ``Queue()``.

==================================  ===================================================================
name                                meaning
==================================  ===================================================================
``QUEUE_RULE/OPERATOR_RULE``        the production engine: ``longest_waiting/longest_idle``
``asterisk-queue``                  ``Queue()`` as the product sets it up for its fallback
``asterisk-queue/STRATEGY``         the same with another strategy: ``asterisk-queue/leastrecent``
==================================  ===================================================================
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Final

import msgspec

from acd.config.faults import did_you_mean, shown
from acd.model.policy import OperatorRule, QueueRule
from sim.app_queue.settings import AS_GENERATED, Settings, Strategy
from sim.model.setup import Setup

ASTERISK: Final = "asterisk-queue"
ENGINES: Final = tuple(f"{queue}/{operator}" for queue, operator in product(QueueRule, OperatorRule))
POLICIES: Final[Sequence[str]] = (*ENGINES, ASTERISK, *(f"{ASTERISK}/{strategy}" for strategy in Strategy))


class BadPolicy(ValueError):
    """There is no such policy."""


def with_policy_named(setup: Setup, name: str) -> Setup:
    """The setup, decided over by another.

    Raises:
        BadPolicy: with the names that there are.
    """
    if name not in POLICIES:
        raise BadPolicy(
            f"there is no policy '{shown(name)}'{did_you_mean(name, POLICIES)}; known: {', '.join(ENGINES)}, "
            f"{ASTERISK}, {ASTERISK}/STRATEGY with {', '.join(Strategy)}"
        )
    first, _, second = name.partition("/")
    if first == ASTERISK:
        settings = Settings(strategy=Strategy(second)) if second else AS_GENERATED
        return replace(setup, app_queue=settings)
    rules = {"queue_rule": QueueRule(first), "operator_rule": OperatorRule(second)}
    routing = msgspec.structs.replace(setup.policy.routing, **rules)
    return replace(setup, policy=msgspec.structs.replace(setup.policy, routing=routing), app_queue=None)


def policy_name(setup: Setup) -> str:
    """The name under which this setup's policy is known."""
    if setup.app_queue is not None:
        return f"{ASTERISK}/{setup.app_queue.strategy}"
    return f"{setup.policy.routing.queue_rule}/{setup.policy.routing.operator_rule}"
