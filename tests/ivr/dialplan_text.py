"""A reader of dialplan, as simple as possible, so that tests can ask where a compiled menu leads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Step:
    """One priority of an extension."""

    label: str
    app: str
    args: str


Dialplan = dict[str, dict[str, list[Step]]]
"""Context -> extension -> its priorities."""

_LINE = re.compile(
    r"(?:exten => (?P<exten>[^,]+),[12]|\s*same => n)(?:\((?P<label>\w+)\))?,(?P<app>\w+)(?:\((?P<args>.*)\))?"
)


_TODAY = re.compile(r"\$\{STRFTIME\(\$\{ARG1\},[^,]+,%Y%m%d\)\}")


def read(text: str) -> Dialplan:
    """Raises AssertionError on a line that is neither a context, an extension's step nor a comment."""
    plan: Dialplan = {}
    context: dict[str, list[Step]] = {}
    steps: list[Step] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith((";", "include => ")):
            continue
        if found := re.fullmatch(r"\[([\w-]+)\]", line):
            assert found[1] not in plan, f"context {found[1]} is written twice"
            context = plan[found[1]] = {}
            continue
        found = _LINE.fullmatch(line)
        assert found, f"not dialplan: {line!r}"
        if found["exten"]:
            assert found["exten"] not in context, f"extension {found['exten']} is written twice"
            steps = context[found["exten"]] = []
        steps.append(Step(found["label"] or "", found["app"], found["args"] or ""))
    return plan


def has(plan: Dialplan, context: str, exten: str, label: str = "1") -> bool:
    """Whether a jump to that place would find something."""
    for name, steps in plan.get(context, {}).items():
        if name == exten or (name.startswith("_") and _matches(name[1:], exten)):
            return label == "1" or any(step.label == label for step in steps)
    return False


def jumps(plan: Dialplan, context: str, exten: str) -> Iterator[tuple[str, str, str]]:
    """Every (context, extension, label) that the extension may jump to."""
    for step in plan[context][exten]:
        for target in _targets(step):
            parts = _TODAY.sub("20261122", target).split(",")
            if len(parts) == 1:
                yield context, exten, parts[0]
            elif len(parts) == 2:
                yield context, parts[0], parts[1]
            else:
                yield parts[0], parts[1], parts[2]


def _targets(step: Step) -> Iterator[str]:
    if step.app == "Goto":
        yield step.args
    elif step.app == "GotoIf":
        yield from filter(None, step.args.rpartition("?")[2].split(":"))
    elif step.app == "Gosub":
        yield step.args.partition("(")[0]
    elif step.app == "Dial":
        yield from (f"{name},s,1" for name in re.findall(r"U\(([\w-]+)[\^)]", step.args))
    elif "hangup_handler_push" in step.args:
        yield step.args.partition("=")[2]


def _matches(pattern: str, exten: str) -> bool:
    return fnmatchcase(exten, pattern.replace("X", "[0-9]").replace("].", "]?*"))
