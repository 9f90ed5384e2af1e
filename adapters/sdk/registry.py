"""Adapters by name; third parties register theirs under the same entry-point group."""

from typing import Any

from adapters.sdk.adapter import Adapter
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.feed import FeedConfig, options_of
from adapters.sdk.installed import NotInstalled, load, names_of

GROUP = "liandong.adapters"


def adapter_names() -> list[str]:
    """Return the names of all adapters that are installed."""
    return names_of(GROUP)


def adapter_of(feed: FeedConfig) -> Adapter[Any, Any]:
    """Make a feed's adapter with its options.

    Raises:
        FeedMisconfigured: If there is no such adapter, it cannot be imported, or an option is
            not right.
    """
    try:
        kind: type[Adapter[Any, Any]] = load(GROUP, feed.adapter)
    except NotInstalled as error:
        raise FeedMisconfigured(feed.id, error.problem, error.remedy) from error
    return kind(feed, options_of(feed, "options", kind.options_type))
