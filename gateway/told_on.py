"""The subjects on which what is selected is told."""

import re
from typing import Final

from broker.subjects import share_patterns
from liandong.gateway.v1.shared_state_pb2 import Selection

# A consumer looks through its patterns with each message.
_MOST: Final = 64
_AGENCY: Final = re.compile(r"[a-z0-9_-]+")


def subjects_of(selection: Selection, *, late: bool = False) -> tuple[str, ...]:
    """Return the narrowest few patterns of subjects on which is all that is selected.

    Args:
        selection: What is selected; its agencies and its kinds narrow.
        late: With what came late, beside the records.
    """
    agencies, kinds = selection.agencies, selection.kinds
    # No agency's name is anything else, and patterns must not become others by it.
    named = agencies if all(map(_AGENCY.fullmatch, agencies)) else ()
    narrowest = share_patterns(named, kinds, late=late)
    return narrowest if len(narrowest) <= _MOST else share_patterns((), kinds, late=late)
