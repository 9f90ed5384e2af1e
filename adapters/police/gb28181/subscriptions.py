"""Subscriptions to the alarms of devices (GB/T 28181-2022, 9.11; RFC 6665).

A device is asked behind the answer to what it sends: when it has registered, and while it has
not confirmed, behind its next messages; then again before what it granted ends. So nothing
is sent unasked, and nothing needs a clock of its own.
"""

import hashlib
import re
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from adapters.police.gb28181.sip import SipHead

_METHOD: Final = "SUBSCRIBE"
_MOST: Final = 65_536
_TRIES: Final = 3
"""How often a device is asked that does not answer, before it registers anew."""
_AGAIN: Final = timedelta(seconds=30)
_TAG: Final = re.compile(r";\s*tag=([^;,\s]+)", re.IGNORECASE)
_SENT_OVER: Final = re.compile(r"SIP\s*/\s*2\.0\s*/\s*(\w{2,4})\s")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_NUMBER: Final = re.compile(r"[0-9]{10,20}")
_OK: Final = re.compile(r"2[0-9]{2}\b")
_GONE: Final = "481"


class SubscribeOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How devices are asked for their alarms (``subscribe``).

    Attributes:
        address: Where devices reach this feed, ``host:port``.
        expires_s: For how long, seconds; a device may grant less.
        event: What the Event header names: ``presence`` is the standard's, ``Alarm`` what
            some devices want.
    """

    address: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.\[\]:-]{3,255}:[0-9]{1,5}$")]
    expires_s: Annotated[int, msgspec.Meta(ge=60, le=604_800)] = 3600
    event: Annotated[str, msgspec.Meta(pattern="^[A-Za-z]{1,32}$")] = "presence"


class _Dialog(msgspec.Struct):
    """What was agreed with one device, or is being asked of it."""

    server: str
    domain: str
    call: str
    cseq: int = 0
    tag: str = ""
    tries: int = 0
    asked_at: datetime | None = None
    until: datetime | None = None


class Subscriptions:
    """Asks devices for their alarms, and knows which have agreed.

    Args:
        options: How; None: nobody is asked.
    """

    def __init__(self, options: SubscribeOptions | None) -> None:
        self._options = options
        self._dialogs: OrderedDict[str, _Dialog] = OrderedDict()

    def begin(self, request: SipHead, now: datetime) -> None:
        """Note that a device has registered, by its request; it is asked from now on."""
        device = request.party("to")
        known = self._dialogs.pop(device, None)
        if self._options is None or not _NUMBER.fullmatch(device):
            return
        if known is None:
            said = f"{device}|{now.isoformat()}".encode()
            host = self._options.address.rpartition(":")[0]
            call = f"{hashlib.blake2s(said, digest_size=8).hexdigest()}@{host}"
            domain = request.uri.partition("@")[2].partition(";")[0] or host
            known = _Dialog(request.party_of(request.uri), domain, call)
        known.tries = 0
        self._dialogs[device] = known
        if len(self._dialogs) > _MOST:
            self._dialogs.popitem(last=False)

    def end(self, device: str) -> None:
        """Forget a device: it registers no longer."""
        self._dialogs.pop(device, None)

    def hear(self, message: SipHead, now: datetime) -> None:
        """Take note of a device's answer, or that it ends what it granted."""
        device = message.party("from" if message.method else "to")
        dialog = self._dialogs.get(device)
        if dialog is None or message.get("call-id") != dialog.call:
            return
        if message.method:
            if message.get("subscription-state").lower().startswith("terminated"):
                dialog.until, dialog.tag = None, ""
            return
        if message.get("cseq") != f"{dialog.cseq} {_METHOD}":
            return
        if _OK.match(message.uri):
            tag, granted = _TAG.search(message.get("to")), _SECONDS.match(message.get("expires"))
            dialog.tag = tag[1] if tag else ""
            assert self._options is not None
            seconds = int(granted[0]) if granted else self._options.expires_s
            dialog.until = now + timedelta(seconds=seconds)
        elif message.uri.startswith(_GONE):
            dialog.until, dialog.tag = None, ""
        elif not message.uri.startswith("1"):
            # It will not, whatever it is asked again for.
            dialog.tries = _TRIES

    def ask(self, request: SipHead, now: datetime) -> bytes:
        """Return the request that goes behind the answer to a device's; empty: none is due."""
        options = self._options
        device = request.party("to" if request.method == "REGISTER" else "from")
        dialog = self._dialogs.get(device)
        if options is None or dialog is None or not request.peer:
            return b""
        if (
            dialog.until is not None
            and dialog.until - now > timedelta(seconds=options.expires_s) / 2
        ):
            dialog.tries = 0
            return b""
        is_waiting = dialog.asked_at is not None and now - dialog.asked_at < _AGAIN
        if dialog.tries >= _TRIES or is_waiting:
            return b""
        dialog.tries += 1
        dialog.cseq += 1
        dialog.asked_at = now
        return self._request(device, dialog, request)

    def _request(self, device: str, dialog: _Dialog, behind: SipHead) -> bytes:
        """Write a request for a device's alarms of every kind and level (A.2.4.5)."""
        assert self._options is not None
        sent_over = _SENT_OVER.match(behind.get("via"))
        over = sent_over[1].upper() if sent_over else "UDP"
        branch = hashlib.blake2s(f"{dialog.call}{dialog.cseq}".encode(), digest_size=8).hexdigest()
        body = (
            '<?xml version="1.0" encoding="GB2312"?>\r\n<Query>\r\n<CmdType>Alarm</CmdType>\r\n'
            f"<SN>{dialog.cseq}</SN>\r\n<DeviceID>{device}</DeviceID>\r\n"
            "<StartAlarmPriority>1</StartAlarmPriority>\r\n"
            "<EndAlarmPriority>4</EndAlarmPriority>\r\n<AlarmMethod>0</AlarmMethod>\r\n"
            "</Query>\r\n"
        )
        tag = f";tag={dialog.tag}" if dialog.tag else ""
        lines = (
            f"{_METHOD} sip:{device}@{behind.peer} SIP/2.0",
            f"Via: SIP/2.0/{over} {self._options.address};rport;branch=z9hG4bK{branch}",
            f"From: <sip:{dialog.server}@{dialog.domain}>;tag={dialog.call.partition('@')[0]}",
            f"To: <sip:{device}@{dialog.domain}>{tag}",
            f"Call-ID: {dialog.call}",
            f"CSeq: {dialog.cseq} {_METHOD}",
            f"Contact: <sip:{dialog.server}@{self._options.address}>",
            "Max-Forwards: 70",
            f"Event: {self._options.event}",
            f"Expires: {self._options.expires_s}",
            "Content-Type: Application/MANSCDP+xml",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join((*lines, "", body)).encode("latin-1", "replace")
