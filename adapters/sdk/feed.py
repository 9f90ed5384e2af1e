"""A feed as the city file configures it."""

from typing import Annotated, Any, TypeVar

import msgspec

from adapters.sdk.errors import FeedMisconfigured

# Between its dots a part is never empty: it becomes a key of a bucket.
_ID = r"^(?=.{1,64}\Z)[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*\Z"
District = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})?\Z")]
"""A GB/T 2260 code as records state it; empty: none."""
S = TypeVar("S", bound=msgspec.Struct)


class SpoolConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a feed does while the bus cannot be reached.

    Only senders that cannot wait are spooled: files, polls and queues keep what was not
    taken by themselves.

    Attributes:
        enabled: Whether messages are kept on this machine's disk and acknowledged; else they
            are not acknowledged, and their senders repeat them.
        after_s: How long the bus is tried first, seconds.
        max_mb: How much is kept, megabytes; beyond that senders are not acknowledged.
    """

    enabled: bool = True
    after_s: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    max_mb: Annotated[int, msgspec.Meta(gt=0)] = 256


class FeedConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One legacy source, with its adapter and address.

    Attributes:
        id: The feed's id, unique in the city, for example ``water.sl651``.
        adapter: The adapter, ``<agency>/<format>``.
        agency: The agency whose records these are.
        source: Where they come from; its scheme names the transport. To listen:
            ``tcp://host:port``, ``mllp://``, ``udp://``, ``http-listen://host:port/path``. To
            connect or poll: ``tcp-connect://host:port``, ``https://...``,
            ``mqtt://host:port/topic``, ``sql+postgresql+psycopg://user@host/database``. A
            folder: ``drop:folder``, ``sftp://user@host/folder``.
        district: GB/T 2260 code of records that do not say better.
        classification: How far records may travel: public, internal, restricted,
            confidential.
        time_zone: Zone of times that have none.
        limit_per_s: Messages a second that are taken at most; 0: as fast as they come.
        clock_tolerance_s: How far ahead of its receipt a message's time may lie before its
            records are suspect, seconds. A time that is behind is no fault: stations catch up.
        spool: What is done while the bus cannot be reached.
        options: The adapter's own options.
        transport: The transport's own options.
        folder: Where relative paths in the options begin: the city file's folder, set by
            whoever read it.
    """

    id: Annotated[str, msgspec.Meta(pattern=_ID)]
    adapter: str
    agency: str
    source: str
    district: District = ""
    classification: str = "internal"
    time_zone: str = "Asia/Shanghai"
    limit_per_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    clock_tolerance_s: Annotated[float, msgspec.Meta(ge=0)] = 600.0
    spool: SpoolConfig = SpoolConfig()
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
