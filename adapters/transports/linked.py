"""Follows an index to the documents that it links to, each once.

A link is settled when what it leads to is stored or in quarantine, and is then known by a
digest of its address and version. Links that lead nowhere are tried again ever more rarely,
beside those that are new, and in the end are told in quarantine. What a link leads to is
never followed further.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import httpx
import structlog

from adapters.sdk.message import Link, Message, Undecodable
from adapters.sdk.pipeline import Pipeline
from adapters.sdk.retrial import LINK
from adapters.transports.address import public
from adapters.transports.documents import parted
from adapters.transports.http_fetch import Absent, Fetched, Fetcher, HttpPollOptions
from adapters.transports.link_memory import SettledLinks, Tries, key_of
from adapters.transports.link_rule import LinkRule, refused_links
from adapters.transports.retry import Trouble, unless_stopped

MOST_LISTED: Final = 5000
"""How many links an index may have."""
GIVEN_UP_AFTER: Final = 5
"""How often a document may be absent until it is told."""
_AT_ONCE: Final = 4
_PASSING: Final = frozenset({"xml", "encoding"})
"""Why a document cannot be read that may be so as yet: half written, or an error's text."""
_ENOUGH_FAILURES: Final = 8
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a link leads, and by what it is known."""

    url: httpx.URL
    key: str
    media_type: str

    @property
    def shown(self) -> str:
        """Return the address without what may be secret in it."""
        return public(str(self.url))


class LinkedDocuments:
    """What one source's index links to.

    Args:
        feed: The feed's id.
        pipeline: Settles messages.
        fetcher: Fetches.
        rule: Says which addresses may be asked.
        options: How the source is polled.
        stop: Set when the transport is stopped.
    """

    def __init__(
        self,
        feed: str,
        pipeline: Pipeline,
        fetcher: Fetcher,
        rule: LinkRule,
        *,
        options: HttpPollOptions,
        stop: asyncio.Event,
    ) -> None:
        self._pipeline = pipeline
        self._fetcher = fetcher
        self._rule = rule
        self._options = options
        self._stop = stop
        self._settled = SettledLinks()
        self._tries: dict[str, Tries] = {}
        self._quiet_until = 0.0
        self._log = _log.bind(feed=feed)

    @property
    def known(self) -> list[str]:
        """Return what is settled, for the checkpoint; what was listed last comes last."""
        return self._settled.keys

    def restore(self, known: Iterable[str]) -> None:
        """Take up what was settled before a restart."""
        self._settled.restore(known)

    async def follow(
        self,
        client: httpx.AsyncClient,
        base: httpx.URL,
        index: Undecodable,
        keep: Callable[[], Awaitable[None]],
    ) -> bool:
        """Fetch and settle what is new; tell whether all that the index links to is settled.

        Args:
            client: Fetches.
            base: Where the index is.
            index: The index; the oldest link comes first, and is settled first.
            keep: Called when more is settled.

        Raises:
            Trouble: If the bus did not take something.
        """
        if len(index.links) > MOST_LISTED:
            await self._refuse_index(base, index)
            return False
        targets, refused = self._sift(base, index.links)
        if refused:
            await self._refuse_links(base, refused)
        self._tries = {one.key: self._tries.get(one.key) or Tries() for one in targets}
        due = [one for one in targets if self._tries[one.key].is_due]
        if time.monotonic() < self._quiet_until:
            due = []
        failures: list[Trouble] = []
        most = min(len(due), self._options.max_links)
        for start in range(0, most, _AT_ONCE):
            lot = due[start : min(start + _AT_ONCE, most)]
            answers = await unless_stopped(self._stop, self._fetch(client, lot))
            if answers is None:
                return False
            for target, answer in zip(lot, answers, strict=True):
                if isinstance(answer, Trouble):
                    failures.append(answer)
                    await self._failed(target, answer)
                else:
                    await self._settle(target, answer)
            await keep()
            if asked := max((one.wait_s for one in failures), default=0.0):
                self._quiet_until = time.monotonic() + asked
                break
            if sum(not isinstance(one, Absent) for one in failures) >= _ENOUGH_FAILURES:
                break
        self._tell(failures)
        return not refused and all(self._settled.has(one.key) for one in targets)

    def _sift(
        self, base: httpx.URL, links: Sequence[Link]
    ) -> tuple[list[_Target], dict[str, list[str]]]:
        """Part links that are not settled yet from those not to be asked, by why not."""
        targets: dict[str, _Target] = {}
        refused: dict[str, list[str]] = {}
        for link in links:
            url, why = self._rule.resolve(base, link.address)
            if url is None:
                refused.setdefault(why, []).append(link.address)
                continue
            key = key_of(str(url.copy_with(userinfo=b"")), link.version)
            if not self._settled.has(key):
                targets[key] = _Target(url, key, link.media_type)
        return list(targets.values()), refused

    async def _fetch(
        self, client: httpx.AsyncClient, lot: Sequence[_Target]
    ) -> list[Fetched | Trouble]:
        """Fetch a few at once."""
        return await asyncio.gather(*(self._fetch_one(client, target) for target in lot))

    async def _fetch_one(self, client: httpx.AsyncClient, target: _Target) -> Fetched | Trouble:
        """Fetch one; return what it is, or why it is not there.

        What cannot be read is not there either, until it has been so too often.
        """
        try:
            found = await self._fetcher.fetch(client, target.url, linked_as=target.media_type)
        except Trouble as trouble:
            return trouble
        if found is None or not found.messages:
            return Absent(f"{target.shown} answers an empty document")
        unread = [one for one in found.messages if isinstance(one, Undecodable)]
        is_passing = len(unread) == len(found.messages) and unread[0].cause in _PASSING
        if is_passing and self._tries[target.key].absent < GIVEN_UP_AFTER - 1:
            return Absent(f"{target.shown} answers what cannot be read: {unread[0].reason}")
        return found

    async def _settle(self, target: _Target, found: Fetched) -> None:
        """Settle what a link led to; another index is told of once, and goes no further.

        Raises:
            Trouble: If the bus did not take all of it.
        """
        indexes, messages = parted(found.messages)
        if messages:
            await self._submit(messages, target.shown)
        for index in indexes:
            reason = (
                f"an index links to {target.shown}, which is an index again and is not followed; "
                "expected an alert: poll that index as a feed of its own"
            )
            refused = Undecodable(index.raw, "index", reason)
            await self._submit_once(refused, target.shown, "index", str(target.url))
        self._settled.add(target.key)

    async def _failed(self, target: _Target, trouble: Trouble) -> None:
        """Put a link off or, when there has been nothing too often, give it up and say so.

        Raises:
            Trouble: If the bus did not take what is said.
        """
        tries = self._tries[target.key]
        tries.fail(trouble, self._options.interval_s, self._options.max_interval_s)
        if tries.absent < GIVEN_UP_AFTER:
            return
        reason = (
            f"{trouble}, {tries.absent} times; the index goes on listing it: ask the source for "
            "this alert, then discard this"
        )
        refused = Undecodable(str(target.url.copy_with(userinfo=b"")).encode(), LINK, reason)
        await self._submit_once(refused, target.shown, "absent", str(target.url))
        self._settled.add(target.key)
        self._log.warning("a linked document is given up", address=target.shown, error=str(trouble))

    async def _refuse_index(self, base: httpx.URL, index: Undecodable) -> None:
        """Say once that an index has more links than any honest one."""
        reason = (
            f"the index links to {len(index.links)} documents, expected at most {MOST_LISTED}: "
            "none is fetched; poll indexes of smaller regions"
        )
        shown = public(str(base))
        await self._submit_once(Undecodable(index.raw, "index", reason), shown, "index", shown)
        self._pipeline.report(reason)

    async def _refuse_links(self, base: httpx.URL, refused: dict[str, list[str]]) -> None:
        """Say once which links are not followed; again only when there are other reasons."""
        told = refused_links(refused)
        shown = public(str(base))
        if await self._submit_once(told, shown, "refused", *sorted(refused)):
            links = sum(map(len, refused.values()))
            self._log.warning("links are refused", links=links, address=shown)
        self._pipeline.report(told.reason)

    async def _submit_once(self, refused: Undecodable, source: str, *what: str) -> bool:
        """Put something into quarantine unless it was told before; tell whether it was not."""
        key = key_of(*what)
        if self._settled.has(key):
            return False
        await self._submit([refused], source)
        self._settled.add(key)
        return True

    async def _submit(self, messages: Sequence[Message | Undecodable], source: str) -> None:
        """Settle messages.

        Raises:
            Trouble: If the bus did not take all of them.
        """
        if None in await self._pipeline.submit(messages, source):
            raise Trouble("the bus is away: what was fetched is fetched again")

    def _tell(self, failures: Sequence[Trouble]) -> None:
        """Tell what is left for a later poll, if anything is."""
        if not failures:
            return
        reason = f"{len(failures)} linked documents are left for later: {failures[0]}"
        self._pipeline.report(reason)
        self._log.warning(
            "linked documents are left for later", links=len(failures), error=str(failures[0])
        )
