"""The live views of departments, and the pages that look at them over WebSockets."""

import asyncio
import contextlib
from typing import Final

from aiohttp import web

from broker.home import OPS
from ops.console.channels import stating
from ops.console.desk import SESSION, Desk
from ops.console.feeds import FeedBook
from ops.console.room import Room, Visitor
from ops.console.rows import row_of
from ops.console.shield import is_own
from ops.console.visitors import Session, Visitors

_LOOK_S: Final = 30.0
_ROOM_FOR_WORDS: Final = 64


class Live:
    """Sends pages what changes, each what its department may see.

    Args:
        desk: The city, and the way to its gateway.
        visitors: Who tells whether a session still holds.
    """

    def __init__(self, desk: Desk, visitors: Visitors) -> None:
        self._desk = desk
        self._visitors = visitors
        self._rooms: dict[tuple[str, str], Room] = {}

    def close(self) -> None:
        """End all watches."""
        for room in self._rooms.values():
            room.close()

    def room(self, session: Session) -> Room:
        """Return the live view of a visitor's department, for the visitor's purpose."""
        agency, purpose = key = (session.agency, session.purpose)
        if key not in self._rooms:
            # Visitors choose their purposes: rooms for one are kept while somebody is in them.
            left = [other for other, room in self._rooms.items() if other[1] and not room.is_open]
            for other in left:
                del self._rooms[other]
            expected = (
                f"{feed.agency}/{feed.id}"
                for feed in self._desk.city.feeds
                if agency in {OPS, feed.agency}
            )
            self._rooms[key] = Room(
                lambda: stating(self._desk.channels.of(agency), purpose),
                lambda event: row_of(event.record),
                FeedBook(self._desk.city, expected),
            )
        return self._rooms[key]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Send a page what changes, until it leaves or its session is over."""
        if not is_own(request):
            raise web.HTTPForbidden(text="this did not come from the console's own page")
        socket = web.WebSocketResponse(heartbeat=20.0, compress=False, max_msg_size=_ROOM_FOR_WORDS)
        await socket.prepare(request)
        visitor = Visitor()
        tasks = [
            asyncio.create_task(work)
            for work in (
                _send(self.room(request[SESSION]), visitor, socket),
                _listen(visitor, socket),
                self._until_over(request),
            )
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await socket.close()
        return socket

    async def _until_over(self, request: web.Request) -> None:
        """Wait until the session does not hold any more."""
        session = request[SESSION]
        while self._visitors.of(request) == session:  # noqa: ASYNC110 - a clock and a file tell
            await asyncio.sleep(_LOOK_S)


async def _send(room: Room, visitor: Visitor, socket: web.WebSocketResponse) -> None:
    """Send frames of a room."""
    async with contextlib.aclosing(room.frames(visitor)) as frames:
        async for frame in frames:
            try:
                await socket.send_str(frame.decode())
            except ConnectionError:
                return


async def _listen(visitor: Visitor, socket: web.WebSocketResponse) -> None:
    """Hear at which view a page is, until it leaves: at the bus, feeds are looked at more often."""
    async for message in socket:
        visitor.is_keen = message.data == "bus"
