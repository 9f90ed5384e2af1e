"""A feed as the city file configures it."""

import msgspec
import pytest

from adapters.sdk.feed import FeedConfig


def test_a_feed_id_is_a_key_of_a_bucket() -> None:
    """An id with an empty part between its dots is refused when the city file is read."""
    base = {"adapter": "a/b", "agency": "a", "source": "tcp://h:1"}
    for name in ("water.sl651", "a", "A_1.b-2.c", "x" * 64):
        assert msgspec.convert({"id": name, **base}, FeedConfig).id == name
    for name in ("", ".a", "a.", "a..b", "a b", "-a", "x" * 65, "a\n"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"id": name, **base}, FeedConfig)
