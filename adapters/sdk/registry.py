"""Adapters by name; third parties register theirs under the same entry-point group."""

from importlib.metadata import entry_points
from typing import Any

from adapters.sdk.adapter import Adapter
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.feed import FeedConfig, options_of

GROUP = "liandong.adapters"


def adapter_names() -> list[str]:
    """Return the names of all adapters that are installed."""
    return sorted(entry_points(group=GROUP).names)


def adapter_of(feed: FeedConfig) -> Adapter[Any, Any]:
    """Make a feed's adapter with its options.

    Raises:
        FeedMisconfigured: If there is no such adapter, or an option is not right.
    """
    found = entry_points(group=GROUP, name=feed.adapter)
    if not found:
        raise FeedMisconfigured(
            feed.id,
            f"there is no adapter {feed.adapter!r}",
            f"installed are: {', '.join(adapter_names())}",
        )
    kind: type[Adapter[Any, Any]] = next(iter(found)).load()
    return kind(feed, options_of(feed, "options", kind.options_type))
