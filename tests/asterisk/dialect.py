"""The recorded traces were made with an earlier dialplan. Here its words are put into ours, message by message, so that
the production code knows one dialplan only.

| there | here |
|---|---|
| `AcdEnqueue` at each turn of the waiting loop | `AcdQueued` |
| `Exten: <device>*<attempt>` in `acd-connect` or `acd-connect-b` | `<offer>*<device>*<ring seconds>` |
| `Attempt`, `Status` | `Offer`, `DialStatus` |
| no event when Asterisk's own `Queue()` connects | `AcdFallbackUp` on the operator's leg |
| no event at the answer in `acd-connect-b` | `AcdUp` on the operator's leg |
| states `survey`, `announce`, `hold`, ... | ours |
| `ACD_ATT`, `ACD_AGENT`, `ACD_TANS` | `ACD_OFFER`, `ACD_DEVICE`, `ACD_UP` |
"""

import re
from collections.abc import Iterator

from acd.asterisk.frames import Frame

RING_TIME = 10
STATES = {"survey": "after", "announce": "wait", "offer": "wait", "hold": "talk", "talk2": "after"}
VARIABLES = {"ACD_ATT": "ACD_OFFER", "ACD_AGENT": "ACD_DEVICE", "ACD_TANS": "ACD_UP"}


def rewrite(frame: Frame) -> Iterator[Frame]:
    """One message of the traces as our dialplan would have caused it; none for what we do not speak of."""
    pairs = dict(frame.headers)
    match frame.event:
        case "UserEvent":
            yield from _user_event(pairs)
        case "DialBegin" | "DialState":
            offer = re.fullmatch(r"(\w+)\*(\d+)", pairs.get("Exten", ""))
            if offer is not None and pairs["Context"].startswith("acd-connect"):
                pairs |= {"Context": "acd-connect", "Exten": f"{offer[2]}*{offer[1]}*{RING_TIME}"}
            yield _frame(pairs)
        case "DialEnd" if pairs.get("Context") == "fallback" and pairs["DialStatus"] == "ANSWER":
            yield _frame(_leg(pairs) | {"UserEvent": "AcdFallbackUp", "Device": _device(pairs), "Up": _at(pairs)})
        case "DialEnd" if pairs.get("Context") == "acd-connect-b" and pairs["DialStatus"] == "ANSWER":
            attempt = pairs["Exten"].rpartition("*")[2]
            yield _frame(_leg(pairs) | {"UserEvent": "AcdUp", "Offer": attempt, "Up": _at(pairs)})
        case "DeviceStateChange" if pairs["Device"].startswith("PJSIP/trunk"):
            return
        case "Status":
            yield _status(frame)
        case _:
            yield frame


def _user_event(pairs: dict[str, str]) -> Iterator[Frame]:
    match pairs["UserEvent"]:
        case "AcdEnqueue":
            yield _frame(pairs | {"UserEvent": "AcdQueued", "Num": pairs["CallerIDNum"], "Lang": "nl"})
        case "AcdUp":
            yield _frame(pairs | {"Offer": pairs["Attempt"], "Up": _at(pairs)})
        case "AcdNoConnect":
            yield _frame(pairs | {"Offer": pairs["Attempt"], "DialStatus": pairs["Status"]})
        case "AcdGone":
            yield _frame(pairs | {"State": STATES.get(pairs["State"], pairs["State"]), "Gone": _at(pairs)})
        case "AcdAfter":
            yield _frame(pairs)
        case _:
            return


def _leg(pairs: dict[str, str]) -> dict[str, str]:
    return {
        "Event": "UserEvent",
        "Timestamp": pairs["Timestamp"],
        "Channel": pairs["DestChannel"],
        "Uniqueid": pairs["DestUniqueid"],
        "Linkedid": pairs["DestLinkedid"],
    }


def _device(pairs: dict[str, str]) -> str:
    return pairs["DestChannel"].removeprefix("PJSIP/").rpartition("-")[0]


def _at(pairs: dict[str, str]) -> str:
    return pairs["Timestamp"]


def _status(frame: Frame) -> Frame:
    return Frame.of(*((name, _variable(value) if name == "Variable" else value) for name, value in frame.pairs))


def _variable(text: str) -> str:
    name, _, value = text.partition("=")
    return f"{VARIABLES.get(name, name)}={STATES.get(value, value)}"


def _frame(pairs: dict[str, str]) -> Frame:
    return Frame.of(*pairs.items())
