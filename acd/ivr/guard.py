"""How many calls are made to numbers outside: the contexts ``acd-outside``, ``acd-outside-up``, ``acd-outside-over``.

``Gosub(acd-outside,s,1(<E.164 number>,<phone>))`` returns 1 when one more call may be made, and counts it; else 0, and
the engine hears why. The last line against whoever would have the city pay for his calls (toll fraud): it holds whoever
asks, a phone as well as the engine, and the engine need not be there. The counts are in Asterisk's own database, so a
restart forgets nothing; the limits are written into the dialplan itself, where no AMI account can change them.
Whoever may originate over AMI can set the counts back, as he can dial past all of this: docs/threat-model.md, "Not
stopped". Numbers stay in that database until the first call of a later hour.
"""

from collections.abc import Iterator
from typing import Final

from acd.model.outside import Limit, Outside

_GUARD: Final = """\
[acd-outside]
exten => s,1,Set(LOCAL(phone)=${{FILTER(A-Za-z0-9_,${{ARG2}})}})
 same => n,Set(LOCAL(why)={busy})
 same => n,GotoIf($["${{LOCK(acd-outside)}}" != "1"]?refused)
 same => n,Set(LOCAL(day)=${{STRFTIME(,Europe/Brussels,%Y%m%d)}})
 same => n,Set(LOCAL(hour)=${{STRFTIME(,Europe/Brussels,%Y%m%d%H)}})
 same => n,GotoIf($["${{DB(acd-outside/day)}}" = "${{day}}"]?same_day)
 same => n,Set(DB(acd-outside/calls)=0)
 same => n,Set(DB(acd-outside/seconds)=0)
 same => n,Set(DB(acd-outside/day)=${{day}})
 same => n(same_day),GotoIf($["${{DB(acd-outside/hour)}}" = "${{hour}}"]?same_hour)
 same => n,DBdeltree(acd-outside-hour)
 same => n,Set(DB(acd-outside/hour)=${{hour}})
 same => n(same_hour),Set(LOCAL(calls)=$[0${{DB(acd-outside/calls)}} + 1])
 same => n,Set(LOCAL(to)=$[0${{DB(acd-outside-hour/${{ARG1}})}} + 1])
 same => n,Set(LOCAL(by)=$[0${{DB(acd-outside-hour/phone-${{phone}})}} + 1])
 same => n,Set(LOCAL(why)={minutes})
 same => n,GotoIf($[0${{DB(acd-outside/seconds)}} >= {seconds_a_day}]?refused)
 same => n,Set(LOCAL(why)={calls})
 same => n,GotoIf($[${{calls}} > {calls_a_day}]?refused)
 same => n,Set(LOCAL(why)={per_number})
 same => n,GotoIf($[${{to}} > {to_one_number}]?refused)
 same => n,Set(LOCAL(why)={per_operator})
 same => n,GotoIf($[${{by}} > {by_one_phone}]?refused)
 same => n,Set(DB(acd-outside/calls)=${{calls}})
 same => n,Set(DB(acd-outside-hour/${{ARG1}})=${{to}})
 same => n,Set(DB(acd-outside-hour/phone-${{phone}})=${{by}})
 same => n,Set(LOCAL(locked)=${{UNLOCK(acd-outside)}})
 same => n,Return(1)
 same => n(refused),Set(LOCAL(locked)=${{UNLOCK(acd-outside)}})
 same => n,UserEvent(AcdOutsideRefused,Nonce: ${{GLOBAL(ACD_NONCE)}},Why: ${{why}},Phone: ${{phone}})
 same => n,Return(0)

; On the leg that was called, at the moment of answer.
[acd-outside-up]
exten => s,1,Set(ACD_OUTSIDE_UP=${{EPOCH}})
 same => n,Set(CHANNEL(hangup_handler_push)=acd-outside-over,s,1)
 same => n,Return()

[acd-outside-over]
exten => s,1,Set(LOCAL(locked)=${{LOCK(acd-outside)}})
 same => n,Set(DB(acd-outside/seconds)=$[0${{DB(acd-outside/seconds)}} + ${{EPOCH}} - ${{ACD_OUTSIDE_UP}}])
 same => n,Set(LOCAL(locked)=${{UNLOCK(acd-outside)}})
 same => n,Return()"""


def guard_dialplan(outside: Outside) -> Iterator[str]:
    """Lines of dialplan."""
    yield _GUARD.format(
        busy=Limit.BUSY,
        minutes=Limit.MINUTES,
        calls=Limit.CALLS,
        per_number=Limit.PER_NUMBER,
        per_operator=Limit.PER_OPERATOR,
        seconds_a_day=60 * outside.minutes,
        calls_a_day=outside.calls,
        to_one_number=outside.per_number,
        by_one_phone=outside.per_operator,
    )
