"""What the checks look at: each thing is read once, and why it could not be is kept too."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from broker.census import Census, look
from broker.errors import BrokerError
from broker.home import OPS, Home
from liandong.feed.v1.feed_pb2 import Feed
from ops.city import City, read_city
from ops.client import channel
from ops.doctor.finding import UncheckedError
from ops.failure import Failure
from ops.feeds import list_feeds

T = TypeVar("T")


class Case:
    """A city that is looked at.

    Args:
        home: Its home.
        city_file: The file that describes it.
        gateway: Where its gateway is asked, ``host:port``; empty: as its file says.
        agency: As which department it is looked at; ``ops``: as the operators.

    Attributes:
        home: Its home.
        city_file: The file that describes it.
        now: When it is looked at, UTC.
        agency: As which department it is looked at.
    """

    def __init__(self, home: Home, city_file: Path, gateway: str = "", agency: str = OPS) -> None:
        self.home = home
        self.city_file = city_file
        self.now = datetime.now(UTC)
        self._gateway = gateway
        self.agency = agency
        self._read: dict[str, Any] = {}

    @property
    def city(self) -> City:
        """Return the city as its file describes it.

        Raises:
            UncheckedError: If the file is not right.
        """
        return self._once("city", lambda: read_city(self.city_file), "the city file is not right")

    @property
    def census(self) -> Census:
        """Return what the server holds.

        Raises:
            UncheckedError: If the bus cannot be reached.
        """
        city = self.city
        return self._once("census", lambda: asyncio.run(look(self.home, city.plan, self.agency)))

    @property
    def feeds(self) -> dict[str, Feed]:
        """Return what feeds tell of themselves, by their ids.

        Raises:
            UncheckedError: If the gateway cannot be asked.
        """
        return self._once("feeds", self._ask_gateway)

    def _ask_gateway(self) -> dict[str, Feed]:
        """Ask the gateway for its feeds."""
        with channel(self.home, self.city, self.agency, self._gateway) as opened:
            return {feed.name.partition("/")[2]: feed for feed in list_feeds(opened)}

    def _once(self, name: str, read: Callable[[], T], why: str = "") -> T:
        """Return what is read, now or the first time."""
        if name not in self._read:
            try:
                self._read[name] = read()
            except (Failure, BrokerError) as error:
                self._read[name] = UncheckedError(why or str(error))
        found = self._read[name]
        if isinstance(found, UncheckedError):
            raise found
        held: T = found
        return held
