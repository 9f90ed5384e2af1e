"""What the streams in a server's store may take already, whatever the city file says now."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec


class _Meta(msgspec.Struct):
    max_bytes: int = 0


_decoder = msgspec.json.Decoder(_Meta)


def held_bytes(data: Path) -> Mapping[str, int]:
    """Return how many bytes the streams of each account have been promised.

    A server does not start when its accounts may have less, so that limits which were lowered
    could never reach the streams.

    Args:
        data: The folder that its configuration names as ``store_dir``.
    """
    held: Counter[str] = Counter()
    for path in data.glob("jetstream/*/streams/*/meta.inf"):
        try:
            promised = _decoder.decode(path.read_bytes()).max_bytes
        except (OSError, msgspec.DecodeError):
            # The server itself says what is wrong with a stream that cannot be read.
            continue
        held[path.parents[2].name] += max(promised, 0)
    return held
