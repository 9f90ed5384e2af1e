"""Keep a warning within what a record may hold: it warns all the same, and says what is cut."""

from typing import Any, Final

import msgspec

from adapters.sdk.limits import longest, most
from adapters.weather.cap.alert import Info
from liandong.quantity.v1.quantity_pb2 import Attribute
from liandong.weather.v1 import weather_pb2 as weather

_TEXTS: Final = (
    *("event", "sender_title", "headline", "description", "instruction"),
    *("web", "contact", "audience"),
)
_LONGEST: Final = longest(weather.WarningInfo, *_TEXTS)
_LISTS: Final = ("parameters", "areas")
_MOST: Final = tuple(most(weather.WarningInfo, name) for name in _LISTS)
(_VALUE,) = longest(Attribute, "value")


def trimmed(info: Info, doubts: list[str]) -> Info:
    """Return a part whose texts and lists a record may hold.

    Args:
        info: The part.
        doubts: Gets a sentence for each thing of which something is left out.
    """
    changes: dict[str, Any] = {}
    for name, limit in zip(_TEXTS, _LONGEST, strict=True):
        written = getattr(info, name)
        if len(written) > limit:
            doubts.append(f"{name} has {len(written)} characters, of which {limit} are kept")
            changes[name] = written[:limit]
    for name, limit in zip(_LISTS, _MOST, strict=True):
        listed = getattr(info, name)
        if len(listed) > limit:
            doubts.append(f"of {len(listed)} {name} the first {limit} are kept")
            changes[name] = listed[:limit]
    parameters = changes.get("parameters", info.parameters)
    if any(len(value) > _VALUE for _, value in parameters):
        cut = [key for key, value in parameters if len(value) > _VALUE]
        doubts.append(f"of {', '.join(cut[:3])} the first {_VALUE} characters are kept")
        changes["parameters"] = tuple((key, value[:_VALUE]) for key, value in parameters)
    return msgspec.structs.replace(info, **changes) if changes else info
