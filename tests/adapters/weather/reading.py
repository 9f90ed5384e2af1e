"""A reader of good bulletins."""

from collections.abc import Callable
from typing import Any

from adapters.sdk.adapter import Adapter, Translated
from adapters.sdk.message import Undecodable


def reader_of(adapter: Adapter[Any, Any]) -> Callable[[bytes], list[Translated]]:
    """Return how an adapter reads a bulletin that has nothing wrong."""

    def read(bulletin: bytes) -> list[Translated]:
        decoder = adapter.decoder()
        found: list[Translated] = []
        for message in [*decoder.feed(bulletin), *decoder.close()]:
            assert not isinstance(message, Undecodable), message
            found += adapter.translate(message)
        return found

    return read
