"""Indexes are told with where their alerts are, for whoever can fetch them."""

from xml.etree.ElementTree import Element, SubElement
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.message import Link, Undecodable
from adapters.weather.cap import CapDecoder, CapDocument
from adapters.weather.cap.index import entries_of, link_of, oldest_first
from tests.adapters.weather.cap.test_cap_documents import Write

CAP = 'type="application/cap+xml"'


def decode(document: str) -> list[CapDocument | Undecodable]:
    """Decode a document at once."""
    decoder = CapDecoder()
    return [*decoder.feed(document.encode()), *decoder.close()]


def atom(*entries: str) -> str:
    """Write an index in Atom."""
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{inside}</feed>'


def links(document: str) -> list[Link]:
    """Return what an index links to, which is all that there is to say of it."""
    (index,) = decode(document)
    assert isinstance(index, Undecodable)
    assert index.cause == "index"
    return list(index.links)


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        (f'<link href="a.html"/><link rel="related" {CAP} href="a.xml"/>', "a.xml"),
        (f'<link href="p" type="text/html"/><link {CAP} href=" a "/>', "a"),
        ('<link rel="self" href="s"/><link rel="alternate" href="a"/>', "a"),
        ('<link href="n"/><link href="a" type="text/xml; charset=utf-8"/>', "a"),
        ('<link href="feed" type="application/atom+xml"/><link href="a"/>', "a"),
        (f'<content {CAP} src="a"/><link href="page"/>', "a"),
        (f'<link>https://x.example/page</link><enclosure url="a" {CAP}/>', "a"),
        (
            '<g:cap xmlns:g="urn:g">https://x.example/a</g:cap><link href="page"/>',
            "https://x.example/a",
        ),
        ("<link>\n https://x.example/a.xml </link>", "https://x.example/a.xml"),
    ],
)
def test_the_link_that_says_that_it_is_an_alert_is_taken(entry: str, address: str) -> None:
    """Then one that says XML, then one that says nothing; a page for people never."""
    assert links(atom(entry)) == [Link(address, "", "application/cap+xml")]


@pytest.mark.parametrize(
    ("item", "address"),
    [
        ("<guid>https://x.example/a.xml</guid>", "https://x.example/a.xml"),
        ('<guid isPermaLink="true">http://x.example/a</guid><link/>', "http://x.example/a"),
        ("<guid>https://x.example/a</guid><link>b</link>", "b"),
    ],
)
def test_an_item_s_identifier_is_its_last_address(item: str, address: str) -> None:
    """RSS 2.0 lets an item have no link where its guid is one."""
    (link,) = links(f"<rss><channel><item>{item}</item></channel></rss>")

    assert link.address == address


@pytest.mark.parametrize("item", ['<guid isPermaLink="false">https://x/a</guid>', "<guid>7</guid>"])
def test_an_identifier_that_is_no_address_leads_nowhere(item: str) -> None:
    """It is told with those that link to none."""
    (index,) = decode(f"<rss><channel><item>{item}</item></channel></rss>")

    assert isinstance(index, Undecodable)
    assert not index.links


def test_addresses_are_relative_to_what_the_index_says() -> None:
    """XML Base, of the feed and of the entry (RFC 4287, 2)."""
    feed = atom(f'<link {CAP} href="a.xml"/>', f'<link {CAP} href="https://y.example/b"/>')
    based = feed.replace("<feed ", '<feed xml:base="https://x.example/cap/" ')

    assert [link.address for link in links(based)] == [
        "https://y.example/b",
        "https://x.example/cap/a.xml",
    ]
    inner = based.replace("<entry>", '<entry xml:base="de/">', 1)
    assert links(inner)[1].address == "https://x.example/cap/de/a.xml"


def test_a_version_is_all_that_tells_of_a_change() -> None:
    """The entry's times and its id."""
    (link,) = links(
        "<rss><channel><item><link>a</link><guid>7</guid><title>x</title>"
        "<pubDate>Wed, 01 Jul 2026 09:30:00 GMT</pubDate></item></channel></rss>"
    )

    assert link.version == "guid 7\npubDate Wed, 01 Jul 2026 09:30:00 GMT"


@pytest.mark.parametrize(
    ("times", "order"),
    [
        (["updated 2026-07-01T10:00:00Z", "updated 2026-07-01T11:00:00+08:00"], "10"),
        (["pubDate Wed, 01 Jul 2026 09:30:00 GMT", "pubDate Wed, 01 Jul 2026 09:31:00 GMT"], "01"),
        (["updated 2026-07-01T10:00:00", "sent 2026-07-01T11:00:00-00:00"], "01"),
        (["updated 2026-07-01T10:00:00Z", "updated yesterday"], "10"),
        (["title x", "title y"], "10"),
    ],
)
def test_the_oldest_comes_first(times: list[str], order: str) -> None:
    """By their times or, where one has none, as indexes are: the newest at the top."""
    said = [one.partition(" ") for one in times]
    entries = [
        f'<{name}>{text}</{name}><link href="{at}"/>' for at, (name, _, text) in enumerate(said)
    ]

    assert "".join(link.address for link in links(atom(*entries))) == order


def test_entries_with_their_alert_are_not_linked_to(rainstorm: Write) -> None:
    """As an element or written out in a text; the link beside it is not followed."""
    alert = rainstorm("IN-1").decode().partition("\n")[2]
    link = '<link href="a"/>'

    first, second, index = decode(
        atom(
            f"{link}<content>{alert}</content>",
            f"{link}<summary>{escape(rainstorm('IN-2').decode())}</summary>",
            '<link href="b"/>',
        )
    )

    assert isinstance(first, CapDocument)
    assert isinstance(second, CapDocument)
    assert isinstance(index, Undecodable)
    assert [one.address for one in index.links] == ["b"]
    assert "index of 3 alerts, of which 1 are not in it" in index.reason


def test_entries_that_link_to_nothing_are_told_by_themselves() -> None:
    """They are alerts that nobody will see, whatever is fetched."""
    linking, lost = decode(atom('<link href="a"/>', '<link href="p" type="text/html"/>', "<id/>"))

    assert isinstance(linking, Undecodable)
    assert [one.address for one in linking.links] == ["a"]
    assert isinstance(lost, Undecodable)
    assert (lost.cause, lost.links) == ("index", ())
    assert "2 link to none" in lost.reason


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["link", "enclosure", "content", "updated", "pubDate", "id"]),
                st.dictionaries(st.sampled_from(["href", "url", "src", "rel", "type"]), st.text()),
                st.text()
                | st.from_regex(r"[0-9A-Za-z, ]{0,9}[0-9]{4,30} [0-9]{1,30}:[0-9:]{1,9}.{0,9}"),
            ),
            max_size=4,
        ),
        max_size=4,
    )
)
def test_any_entries_have_links_and_an_order(
    entries: list[list[tuple[str, dict[str, str], str]]],
) -> None:
    """Nothing that an entry says makes the reading of it raise; none is lost."""
    root = Element("feed")
    for entry in entries:
        element = SubElement(root, "entry")
        for name, attributes, text in entry:
            SubElement(element, name, attributes).text = text
    found = entries_of(root)

    assert found is not None
    assert {*map(id, oldest_first(found))} == {*map(id, root)}
    assert all(link is None or link.address for link in map(link_of, found))


def test_an_index_of_a_whole_country_on_a_bad_day_is_read() -> None:
    """When it counts, an index is many times as large as usual."""
    codes = "<c:geocode><valueName>UGC</valueName><value>AAC001</value></c:geocode>" * 10
    text = f"<summary>{'text ' * 400}</summary>{codes}"
    feed = atom(*(f'<id>{n}</id><link {CAP} href="{n}.xml"/>{text}' for n in range(1800)))

    found = links(feed.replace("<feed ", '<feed xmlns:c="urn:oasis:names:tc:emergency:cap:1.2" '))

    assert len(found) == 1800
    assert len(feed) > 4 << 20
