"""The catalogue: feeds and how they fare, as their adapters tell."""

import bisect
from collections.abc import Sequence

import structlog
from google.protobuf.message import DecodeError

from broker.delivery import Delivery
from broker.state_part import WHOLE, StatePart
from broker.subjects import feed_subject
from gateway.calls import Call, Service
from gateway.encoding import framed
from gateway.freshness import FeedAges
from gateway.identity import OPERATORS
from gateway.schemas import get_schema, list_kinds
from gateway.tokens import decode, encode
from gateway.validity import require_valid
from liandong.feed.v1.feed_pb2 import Feed
from liandong.gateway.v1.catalog_pb2 import (
    GetSchemaRequest,
    ListFeedsRequest,
    ListKindsRequest,
    ListPartsRequest,
    ListPartsResponse,
    Part,
)

_NAME = "liandong.gateway.v1.CatalogService"
_PAGE = 100
_LARGEST_PAGE = 1000
_log = structlog.get_logger()


class Catalog:
    """Answers ListFeeds and ListParts.

    A feed may be seen by whoever may read anything of its agency, and by the operators.

    Args:
        part: The part of the state that the gateway holds.
        parts: All parts of it.

    Attributes:
        ages: How old what feeds bring is.
    """

    def __init__(self, part: StatePart = WHOLE, parts: Sequence[StatePart] = ()) -> None:
        self.ages = FeedAges()
        self._parts = ListPartsResponse(
            parts=[
                Part(name=one.name, kinds=one.kinds, agencies=one.agencies, address=one.address)
                for one in parts
            ],
            held=part.name,
        ).SerializeToString()
        self._feeds: dict[str, tuple[str, bytes]] = {}

    def service(self) -> Service:
        """Return the service."""
        return Service(
            _NAME,
            {
                "ListFeeds": (self.list_feeds, ListFeedsRequest),
                "ListKinds": (list_kinds, ListKindsRequest),
                "GetSchema": (get_schema, GetSchemaRequest),
                "ListParts": (self.list_parts, ListPartsRequest),
            },
            {},
        )

    def take(self, delivery: Delivery) -> None:
        """Take a feed's state from the bus."""
        try:
            feed = Feed.FromString(delivery.payload)
        except DecodeError as error:
            _log.error("not a feed's state", subject=delivery.subject, error=str(error))
            return
        named = feed.name.partition("/")
        if named[0] != feed.agency or feed_subject(*named[::2]) != delivery.subject:
            _log.error("not the feed of its subject", subject=delivery.subject, name=feed.name)
            return
        self.ages.take(feed)
        self._feeds[feed.name] = (feed.agency, framed(1, delivery.payload))

    async def list_feeds(self, request: ListFeedsRequest, call: Call) -> bytes:
        """Return a page of feeds, ordered by name."""
        require_valid(request)
        call.permit.require_known("agencies", request.agencies)
        bound = ",".join(sorted(request.agencies))
        after = ""
        if request.page_token:
            after = decode("page_token", request.page_token, "feeds", bound)
        names = sorted(
            name
            for name, (agency, _) in self._feeds.items()
            if (call.caller.agency == OPERATORS or call.permit.opens(agency))
            and (not request.agencies or agency in request.agencies)
        )
        start = bisect.bisect_right(names, after)
        size = min(request.page_size or _PAGE, _LARGEST_PAGE)
        page = [self._feeds[name][1] for name in names[start : start + size]]
        if start + size < len(names):
            page.append(framed(2, encode("feeds", bound, names[start + size - 1]).encode()))
        return b"".join(page)

    async def list_parts(self, request: ListPartsRequest, call: Call) -> bytes:  # noqa: ARG002
        """Return the parts of the state, and which of them is held here."""
        return self._parts
