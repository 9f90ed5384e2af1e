"""The pages of docs/formats say what the adapters do: their options, and their causes."""

import re
from typing import Any, get_args

import msgspec
import pytest

from adapters.sdk.feed import FeedConfig, options_of
from adapters.sdk.registry import adapter_names, adapter_of
from adapters.transports.openers import transport_of
from tests.adapters.causes import ROOT, causes_of

PAGES = {page.stem: page.read_text(encoding="utf-8") for page in ROOT.glob("docs/formats/*.md")}
BLOCK = re.compile(r"^```toml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LEFT_OUT = re.compile(r"^# (?=[\w.\"]+ = )", re.MULTILINE)
"""What begins an option that the block shows and does not set."""
WITHOUT_PAGE = {"mapping"}
"""Adapters that have a document of their own."""


class _Block(msgspec.Struct, forbid_unknown_fields=True):
    """The part of a city file that a page shows."""

    feed: list[FeedConfig]


def feeds_of(page: str) -> list[FeedConfig]:
    """Return the feeds that a page configures, with every option that it shows."""
    toml = LEFT_OUT.sub("", "".join(BLOCK.findall(PAGES[page])))
    return msgspec.toml.decode(toml, type=_Block).feed


def options_of_type(kind: Any) -> dict[str, Any]:
    """Return the default of each option, and of those of the tables within."""
    found: dict[str, Any] = {}
    for one in msgspec.structs.fields(kind):
        for part in get_args(one.type):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                found |= options_of_type(part)
    return found | {one.name: one.default for one in msgspec.structs.fields(kind)}


def said(page: str) -> str:
    """Return what of a page is code: its blocks, and what stands in backticks."""
    return " ".join(BLOCK.findall(PAGES[page]) + re.findall(r"`[^`\n]+`", PAGES[page]))


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_configures_starts(page: str) -> None:
    """Its block names an adapter and options that there are, those of the transport too."""
    feeds = feeds_of(page)

    assert feeds
    for feed in feeds:
        assert adapter_of(feed).name == feed.adapter
        assert options_of(feed, "transport", transport_of(feed).options_type)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_tells_of_every_option(page: str) -> None:
    """In its block or in backticks, those of the tables within too."""
    for feed in feeds_of(page):
        options = options_of_type(adapter_of(feed).options_type)

        lacking = {name for name in options if not re.search(rf"\b{name}\b", said(page))}

        assert not lacking


@pytest.mark.parametrize("page", PAGES)
def test_a_number_or_switch_in_a_block_is_the_default(page: str) -> None:
    """So that whoever copies a block changes nothing by it."""
    for feed in feeds_of(page):
        defaults = options_of_type(adapter_of(feed).options_type)

        shown = {name: one for name, one in feed.options.items() if isinstance(one, int | float)}

        assert shown == {name: defaults[name] for name in shown}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_tells_of_every_cause(page: str) -> None:
    """Whoever finds a cause in the quarantine can look up what it means."""
    for feed in feeds_of(page):
        causes = causes_of(feed.adapter)

        assert causes
        assert not {cause for cause in causes if f"`{cause}`" not in PAGES[page]}


def test_every_adapter_has_a_page() -> None:
    """A city finds how to configure what it has."""
    assert {feed.adapter for page in PAGES for feed in feeds_of(page)} >= (
        set(adapter_names()) - WITHOUT_PAGE
    )
