"""One ordered consumer: a stream's messages from one place on, numbered without a gap.

It is pushed, unacknowledged and kept in the server's memory. The server numbers what it
sends, says twice a second that it is alive, and waits for its flow control to be answered;
so whatever gets lost on the way is noticed here, and no more is under way than is read.
A consumer does not mend itself: whoever reads makes another one.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from broker.api import call
from broker.connection import Bus
from broker.delivery import Delivery
from broker.errors import StreamUnavailable

_HEARTBEAT_S = 0.5
# $JS.ACK.<stream>.<consumer>.<times>.<sequence>.<number>.<time>.<pending>
_DATA = "$JS.ACK."
_FIELDS = 9
_FIRST = 5
_NANO = 1_000_000_000


class Consumer:
    """Reads a stream once, from one sequence on.

    Args:
        bus: An open connection whose user may read the stream.
        stream: The stream.
        subjects: Which of its subjects; wildcards allowed, and no two may overlap.

    Attributes:
        heard: Whether anything came since this was last set to False.
        idle: Whether the server had nothing more to send when it was last heard.
        passed: Up to which sequence of the stream all has come, other subjects passed over.
    """

    def __init__(self, bus: Bus, stream: str, *subjects: str) -> None:
        self.heard = True
        self.idle = False
        self.passed = 0
        self._bus = bus
        self._stream = stream
        self._subjects = subjects
        self._inbox = bus.nc.new_inbox()
        self._name = self._inbox.rpartition(".")[2]
        self._number = 0
        self._subscription: Subscription | None = None

    async def open(
        self,
        receive: Callable[[Msg], Awaitable[None]],
        start_sequence: int,
        *,
        headers_only: bool = False,
        last_of_each: bool = False,
        start_ns: int | None = None,
    ) -> int:
        """Begin; return how many messages there are to read.

        Args:
            receive: Called with all that the server sends, to be given to `take` in order.
            start_sequence: Where to begin; beyond the stream's end: with what comes next.
            headers_only: Leave the payloads out.
            last_of_each: Begin with the last message of each subject, not at a sequence.
            start_ns: Begin with what was stored at this time or later, nanoseconds since 1970
                UTC, not at a sequence.

        Raises:
            StreamUnavailable: If the consumer cannot be made.
        """
        config: dict[str, object] = {
            "name": self._name,
            "deliver_subject": self._inbox,
            "ack_policy": "none",
            "max_deliver": 1,
            "flow_control": True,
            "idle_heartbeat": int(_HEARTBEAT_S * _NANO),
            "headers_only": headers_only,
            "mem_storage": True,
            "num_replicas": 1,
        }
        if last_of_each:
            config["deliver_policy"] = "last_per_subject"
        elif start_ns is not None:
            config["deliver_policy"] = "by_start_time"
            config["opt_start_time"] = written(start_ns)
        else:
            config["deliver_policy"] = "by_start_sequence"
            config["opt_start_seq"] = max(start_sequence, 1)
        verb = f"CONSUMER.CREATE.{self._stream}.{self._name}"
        if len(self._subjects) == 1:
            config["filter_subject"] = self._subjects[0]
            verb = f"{verb}.{self._subjects[0]}"
        else:
            config["filter_subjects"] = self._subjects
        # Flow control bounds what waits in the subscription; limits of its own would drop.
        self._subscription = await self._bus.nc.subscribe(
            self._inbox, cb=receive, pending_msgs_limit=0, pending_bytes_limit=0
        )
        request = {"stream_name": self._stream, "config": config, "action": "create"}
        made = await call(self._bus, self._stream, verb, request)
        delivered = made.get("delivered", {}).get("consumer_seq", 0)
        return int(made.get("num_pending", 0)) + int(delivered)

    async def take(self, message: Msg) -> Delivery | None:
        """Return the message that the server sent, or None for a word of its own.

        Raises:
            StreamUnavailable: If a message before it did not arrive.
        """
        self.heard = True
        reply = message.reply
        if not reply.startswith(_DATA):
            await self._answer(message)
            return None
        fields = reply.split(".")
        # Newer servers put a domain and the account's hash before the stream.
        first = _FIRST if len(fields) == _FIELDS else _FIRST + 2
        sequence, number, timestamp, pending = map(int, fields[first : first + 4])
        self._follows(number - 1)
        self._number = number
        self.passed = sequence
        self.idle = not pending
        return Delivery(
            message.subject, message.data, message.headers or {}, sequence, timestamp, pending
        )

    async def _answer(self, message: Msg) -> None:
        """Answer flow control, and check what a heartbeat tells.

        Raises:
            StreamUnavailable: If a message did not arrive.
        """
        headers = message.headers or {}
        stalled = message.reply or headers.get("Nats-Consumer-Stalled")
        if stalled:
            if self._bus.nc.is_connected:
                await self._bus.nc.publish(stalled)
        elif "Nats-Last-Consumer" in headers:
            self._follows(int(headers["Nats-Last-Consumer"]))
            self.passed = int(headers.get("Nats-Last-Stream", self.passed))
            self.idle = True

    def _follows(self, number: int) -> None:
        """Check that all up to a number has come.

        Raises:
            StreamUnavailable: If something is missing.
        """
        if number != self._number:
            missing = f"message {self._number + 1} of a consumer did not arrive"
            raise StreamUnavailable(self._stream, missing)

    async def close(self) -> None:
        """End the consumer, as far as the server can still be told."""
        subscription, self._subscription = self._subscription, None
        if subscription is None:
            return
        await self._bus.end(subscription)
        try:
            # Nobody waits for the answer; a consumer without a reader ends by itself too.
            await self._bus.nc.publish(f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._name}")
        except NatsError:
            return


def written(time_ns: int) -> str:
    """Return a time, nanoseconds since 1970 UTC, as Go reads it."""
    seconds, nanoseconds = divmod(time_ns, _NANO)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z"
