"""Names of records, from what a source calls its things."""

import re
from typing import Final

from adapters.sdk.errors import Untranslatable
from broker.subjects import record_name

# Also half a surrogate pair, which no text has: no encoding can say it.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def name_for(agency: str, kind: str, entity: str) -> str:
    """Return the name of an agency's record of a kind about an entity.

    Raises:
        Untranslatable: The entity is empty, or has a control character; ``cause`` is ``id``.
    """
    if not entity.isprintable() and _CONTROL.search(entity):
        raise Untranslatable(
            f"the id of the {kind}",
            entity,
            expected="a text without control characters",
            cause="id",
            remedy="see whether the sender pads its numbers, or another field is read as the id",
        )
    if not entity:
        raise Untranslatable(
            f"the id of the {kind}", entity, expected="what the record is about", cause="id"
        )
    return record_name(agency, kind, entity)
