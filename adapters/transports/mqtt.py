"""A subscriber at an MQTT broker; what it is sent is acknowledged once it is stored.

The session is persistent: what comes while the feed is stopped, the broker keeps. The
client library has a thread of its own for the network, connects again by itself, and
hands messages over to the event loop.
"""

import asyncio
import contextlib
import functools
import threading
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import unquote

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from adapters.sdk.adapter import Adapter, Outcome
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.pipeline import Pipeline
from adapters.transports.address import host_and_port, joined
from adapters.transports.documents import decoded
from adapters.transports.intake import Intake, Parcel
from adapters.transports.secret import secret_of
from adapters.transports.tls import TlsOptions, client_context

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_QOS = 1
_LOOK_S = 0.2
_log = structlog.get_logger()


class MqttOptions(TlsOptions, frozen=True, forbid_unknown_fields=True):
    """How a broker is spoken to.

    Attributes:
        client_id: By which the broker knows the session; empty: made of the feed's id.
        username: Who we are.
        password_file: File with the password.
        keepalive_s: After how long a silent connection is tested, seconds.
        max_waiting: Messages that wait to be stored before no more are read.
        longest_reconnect_s: Longest wait before connecting again, seconds.
    """

    client_id: str = ""
    username: str = ""
    password_file: str = ""
    keepalive_s: int = 60
    max_waiting: int = 2000
    longest_reconnect_s: int = 60


class Mqtt:
    """Subscribes to a topic, and runs its messages through a feed's pipeline.

    Args:
        adapter: Decodes; each payload is a document of its own.
        pipeline: Settles messages.
        url: Broker and topic filter, ``mqtt://host:port/topic`` or ``mqtts://``; ``+`` and
            ``#`` have MQTT's meaning.
        options: How the broker is spoken to.

    Raises:
        FeedMisconfigured: If the address lacks host or topic.
    """

    options_type: ClassVar = MqttOptions

    def __init__(
        self, adapter: Adapter[Any, Any], pipeline: Pipeline, url: str, options: MqttOptions
    ) -> None:
        self._adapter = adapter
        self._pipeline = pipeline
        self._options = options
        self._feed = adapter.feed.id
        self._scheme = url.partition(":")[0]
        self._host, self._port = host_and_port(self._feed, url, _PORTS[self._scheme])
        self._topic = unquote(url.partition("//")[2].partition("/")[2])
        if not self._topic:
            raise FeedMisconfigured(
                self._feed,
                f"source {url!r} lacks a topic",
                "write it as mqtt://127.0.0.1:1883/stations/+/level",
            )
        self._intake = Intake(self._feed, pipeline, options.max_waiting, lambda: None)
        self._slots = threading.BoundedSemaphore(options.max_waiting)
        self._stopping = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._session = 0
        self._client: paho.Client | None = None
        self._log = _log.bind(feed=self._feed, broker=self.address)

    @property
    def address(self) -> str:
        """Return broker and topic, as a URL."""
        return f"{joined(self._scheme, self._host, self._port)}/{self._topic}"

    async def start(self) -> None:
        """Begin to connect.

        Raises:
            FeedMisconfigured: If a certificate or the password does not load.
        """
        options = self._options
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=options.client_id or f"liandong-{self._feed}",
            clean_session=False,
            manual_ack=True,
        )
        if self._scheme == "mqtts":
            client.tls_set_context(client_context(self._feed, options))
        if options.username:
            password = secret_of(self._feed, "password_file", options.password_file)
            client.username_pw_set(options.username, password or None)
        client.reconnect_delay_set(1, options.longest_reconnect_s)
        client.on_connect = self._connected
        client.on_connect_fail = self._not_connected
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_message = self._hand_over
        self._client = client
        client.connect_async(self._host, self._port, options.keepalive_s)
        client.loop_start()

    async def stop(self) -> None:
        """Settle and acknowledge what has come; the broker keeps what comes from now on."""
        if self._client is None:
            return
        self._stopping.set()
        await self._intake.drain()
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
        await self._intake.drain()

    def _connected(
        self,
        client: paho.Client,
        _: object,
        __: paho.ConnectFlags,
        reason: ReasonCode,
        ___: Properties | None,
    ) -> None:
        """Subscribe, unless the broker refuses us."""
        self._session += 1
        if reason.is_failure:
            self._tell(f"the broker {self.address} refuses us: {reason}")
            return
        self._log.info("connected")
        client.subscribe(self._topic, _QOS)

    def _subscribed(
        self,
        _: paho.Client,
        __: object,
        ___: int,
        reasons: list[ReasonCode],
        ____: Properties | None,
    ) -> None:
        """Say when the broker does not let us have the topic."""
        for reason in reasons:
            if reason.is_failure:
                self._tell(f"the broker does not let us subscribe to {self._topic}: {reason}")
                return
        self._on_loop(self._pipeline.recover)

    def _not_connected(self, _: paho.Client, __: object) -> None:
        """Say that there is no connection; another is tried."""
        self._tell(f"the broker {self.address} cannot be reached")

    def _disconnected(
        self,
        _: paho.Client,
        __: object,
        ___: paho.DisconnectFlags,
        reason: ReasonCode,
        ____: Properties | None,
    ) -> None:
        """Say that the connection has ended; another is tried."""
        if not self._stopping.is_set():
            self._log.warning("disconnected", reason=str(reason))

    def _tell(self, reason: str) -> None:
        """Log, and tell as what hinders the feed."""
        self._log.warning("no messages come", reason=reason)
        self._on_loop(self._pipeline.hinder, reason)

    def _on_loop(self, call: Any, *arguments: Any) -> None:
        """Call on the event loop's thread, unless that has ended."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *arguments)

    def _hand_over(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        """Hand a message over, once there is room: until then TCP holds the broker back."""
        while not self._slots.acquire(timeout=_LOOK_S):
            if self._stopping.is_set():
                # Not acknowledged: the broker sends it again in the next session.
                return
        self._on_loop(self._take, message, self._session)

    def _take(self, message: paho.MQTTMessage, session: int) -> None:
        """Decode a message, and see that it is settled."""
        messages = decoded(self._adapter, bytes(message.payload))
        settled = functools.partial(self._settled, message, session)
        self._intake.put(Parcel(message.topic, messages, settled))

    def _settled(
        self, message: paho.MQTTMessage, session: int, outcomes: Sequence[Outcome]
    ) -> None:
        """Acknowledge a message that is stored or in quarantine."""
        del outcomes
        self._slots.release()
        # In a later session the broker sends it again, under a number that may by then be
        # another message's.
        if self._client is not None and session == self._session:
            self._client.ack(message.mid, message.qos)
