"""A feed as the city file configures it."""

from typing import Any, TypeVar

import msgspec

from adapters.sdk.errors import FeedMisconfigured

S = TypeVar("S", bound=msgspec.Struct)


class FeedConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One legacy source, with its adapter and address.

    Attributes:
        id: The feed's id, unique in the city, for example ``water.sl651``.
        adapter: The adapter, ``<agency>/<format>``.
        agency: The agency whose records these are.
        source: Where they come from: ``tcp://host:port`` to listen, ``drop:folder``,
            ``https://...`` to poll.
        district: GB/T 2260 code of records that do not say better.
        classification: How far records may travel: public, internal, restricted,
            confidential.
        time_zone: Zone of times that have none.
        options: The adapter's own options.
        transport: The transport's own options.
        folder: Where relative paths in the options begin: the city file's folder, set by
            whoever read it.
    """

    id: str
    adapter: str
    agency: str
    source: str
    district: str = ""
    classification: str = "internal"
    time_zone: str = "Asia/Shanghai"
    options: dict[str, Any] = {}
    transport: dict[str, Any] = {}
    folder: str = ""


def options_of(feed: FeedConfig, table: str, kind: type[S]) -> S:
    """Return a feed's options as the struct that takes them.

    Raises:
        FeedMisconfigured: If an option is unknown or of the wrong type.
    """
    values = feed.options if table == "options" else feed.transport
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
        raise FeedMisconfigured(
            feed.id,
            f"[feed.{table}] is not right: {error}",
            f"{table} of {feed.adapter} are: {known}",
        ) from error
