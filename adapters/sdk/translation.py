"""From one decoded message to valid records, or to the reason why there are none.

What takes feeds in, what tries the quarantine again and what tries an adapter without a
bus all decide here, so they decide alike.
"""

from collections.abc import Sequence
from typing import Any, Final

import protovalidate
import structlog

from adapters.sdk.adapter import Adapter, Translated
from adapters.sdk.blame import place_of
from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Message, Undecodable
from broker.impossible import impossible_record, told
from broker.violations import describe

BUG: Final = "bug"
"""The cause of a refusal that is the adapter's fault, not the message's."""
CONSTRAINT: Final = "constraint"
"""The cause of a refusal by the schema."""
_SHAPES: Final = 65_536
_log = structlog.get_logger()

Result = tuple[Sequence[Translated], Undecodable | None]


class Translation:
    """Translates an adapter's messages, and checks what comes out against the schema.

    Args:
        adapter: Translates.
    """

    def __init__(self, adapter: Adapter[Any, Any]) -> None:
        self._adapter = adapter
        self._validator = protovalidate.Validator()
        self._valid_shapes: set[tuple[object, ...]] = set()

    def of(self, message: Message | Undecodable) -> Result:
        """Return a message's valid records, and why some or all of it was refused.

        One of the two there always is; both when a message holds several records and the
        schema refuses some.
        """
        if isinstance(message, Undecodable):
            return (), message
        try:
            translated = list(self._adapter.translate(message))
        except Untranslatable as error:
            return (), self._refused(message, error.cause, str(error))
        except Exception as error:  # noqa: BLE001 - logged, refused, and gone on from
            # A fault of the adapter must cost one message, not the feed.
            _log.exception("the adapter failed", feed=self._adapter.feed.id)
            reason = f"the adapter failed on it ({place_of(error)}): report this"
            return (), self._refused(message, BUG, reason)
        if not translated:
            return (), self._refused(message, BUG, "the adapter made no record of it: report this")
        for one in translated:
            if one.shape is None or one.shape not in self._valid_shapes:
                return self._checked(message, translated)
        return translated, None

    def _refused(self, message: Message, cause: str, reason: str) -> Undecodable:
        """Return a message as what is refused."""
        return Undecodable(message.raw, cause, reason, opening=self._adapter.opening(message))

    def _checked(self, message: Message, translated: Sequence[Translated]) -> Result:
        """Part records that hold what their schema says from those that do not."""
        valid, reasons = [], []
        now_s = int(self._adapter.now().timestamp())
        for one in translated:
            if one.shape is not None and one.shape in self._valid_shapes:
                valid.append(one)
            elif wrong := impossible_record(one.record, now_s):
                reasons.append(told(wrong))
            elif violations := self._validator.collect_violations(one.record):
                reasons.append(describe(violations))
            else:
                self._remember(one.shape)
                valid.append(one)
        if not reasons:
            return valid, None
        more = f" (records refused: {len(reasons)})" if len(reasons) > 1 else ""
        return valid, self._refused(message, CONSTRAINT, reasons[0] + more)

    def _remember(self, shape: tuple[object, ...] | None) -> None:
        """Note that records of a shape hold what the schema says."""
        if shape is None:
            return
        if len(self._valid_shapes) >= _SHAPES:
            self._valid_shapes.clear()
        self._valid_shapes.add(shape)
