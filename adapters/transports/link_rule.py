"""Which of the addresses that an index links to may be asked."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import httpx

from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.message import Undecodable
from adapters.sdk.retrial import LINK

_SCHEMES: Final = frozenset({"http", "https"})
_SHOWN: Final = 3
_USUAL: Final = "write it as alerts.example.org, or alerts.example.org:8443"


class LinkRule:
    """Lets in the source's own host and those that the feed names; nothing less encrypted.

    Args:
        feed: The feed's id.
        source: The source's address.
        hosts: The other hosts, with their ports where these are not the usual ones.

    Raises:
        FeedMisconfigured: If a host is none.
    """

    def __init__(self, feed: str, source: httpx.URL, hosts: Iterable[str]) -> None:
        self._source = source
        self._hosts = {source.netloc, *(_host(feed, host) for host in hosts)}

    def resolve(self, base: httpx.URL, written: str) -> tuple[httpx.URL | None, str]:
        """Return a link's address, or why it is not to be asked.

        Args:
            base: Where the document is that links.
            written: What it links to.
        """
        try:
            url = base.join(written)
            # What no host may be called is found out when it is asked for.
            why = self.refusal(url) if url.host else "it names no host"
        except (httpx.InvalidURL, ValueError):
            return None, "it is no address"
        same = (url.scheme, url.netloc) == (self._source.scheme, self._source.netloc)
        userinfo = self._source.userinfo if same else b""
        return (None, why) if why else (url.copy_with(userinfo=userinfo, fragment=None), "")

    def refusal(self, url: httpx.URL) -> str:
        """Return why an address is not to be asked; empty: it may be."""
        if url.scheme not in _SCHEMES:
            return "it is no http address"
        if self._source.scheme == "https" and url.scheme != "https":
            return "it is not encrypted, and the source is"
        if url.netloc not in self._hosts:
            host = url.netloc.decode("ascii", "replace")
            return (
                f"{host} is not the source's own host: if you trust it, add it to link_hosts of "
                "the feed's transport"
            )
        return ""


def refused_links(refused: Mapping[str, Sequence[str]]) -> Undecodable:
    """Return what is told of links that are not followed: their addresses, by why not."""
    whys = sorted(refused)
    addresses = list(itertools.chain.from_iterable(refused[why] for why in whys))
    more = f"; and for {len(whys) - _SHOWN} more reasons" if len(whys) > _SHOWN else ""
    reason = (
        f"the index links to {len(addresses)} documents that are not fetched: "
        f"{'; '.join(whys[:_SHOWN])}{more}"
    )
    return Undecodable("\n".join(addresses).encode("utf-8", "replace"), LINK, reason)


def _host(feed: str, written: str) -> bytes:
    """Return a host as URLs have it.

    Raises:
        FeedMisconfigured: If it is none.
    """
    try:
        url = httpx.URL(f"https://{written}")
        is_host = bool(url.host) and url.path == "/" and not url.userinfo
    except (httpx.InvalidURL, ValueError):
        is_host = False
    if not is_host or "/" in written:
        raise FeedMisconfigured(feed, f"link_hosts has {written!r}, which is no host", _USUAL)
    return url.netloc
