"""What senders of warnings do that CAP 1.2 does not say, and what is made of it."""

from collections.abc import Callable

import pytest

from adapters.sdk.adapter import Translated
from adapters.sdk.translation import Translation
from adapters.weather.cap import Cap, CapDocument
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT
from liandong.record.v1.record_pb2 import CLASSIFICATION_RESTRICTED
from liandong.weather.v1 import weather_pb2 as weather

Write = Callable[..., bytes]
Read = Callable[[bytes], list[Translated]]

CAP_1_0 = "http://www.incident.com/cap/1.0"
PART = (
    "<info><category>Met</category><event>雨</event><urgency>Immediate</urgency>"
    "<severity>Severe</severity><certainty>Likely</certainty>{more}</info>"
)


def decoded(cap: Cap, document: bytes) -> list[object]:
    """Return what a document holds."""
    decoder = cap.decoder()
    return [*decoder.feed(document), *decoder.close()]


def test_an_alert_of_cap_1_0_is_read(rainstorm: Write, read: Read) -> None:
    """It has no scope, and names its values in their text; what is not public is restricted."""
    more = (
        "<eventCode>SAME=FFW</eventCode><parameter>HSAS=ORANGE</parameter>"
        "<area><areaDesc>x</areaDesc><geocode>SAME=006109</geocode></area>"
    )

    (one,) = read(
        rainstorm(
            namespace=CAP_1_0,
            without="scope",
            references="",
            info=PART.replace("Likely", "Very Likely").format(more=more),
        )
    )

    part = one.record.weather_warning.infos[0]
    assert one.record.weather_warning.profile == "CAP 1.0"
    assert part.certainty == weather.CERTAINTY_LIKELY
    assert [(part.event_codes[0].key, part.event_codes[0].value)] == [("SAME", "FFW")]
    assert [(part.parameters[0].key, part.parameters[0].value)] == [("HSAS", "ORANGE")]
    assert part.areas[0].geocodes[0].code == "006109"
    assert one.record.classification == CLASSIFICATION_RESTRICTED


def test_a_reference_may_have_blanks_about_its_commas(rainstorm: Write, read: Read) -> None:
    """Three words are one reference, not three."""
    written = "a@x.example, EARLIER, 2026-07-01T10:00:00+08:00"

    update, earlier = read(rainstorm("LATER", msgType="Update", references=written))

    (reference,) = update.record.weather_warning.references
    assert (reference.sender, reference.identifier) == ("a@x.example", "EARLIER")
    assert earlier.record.weather_warning.identifier == "EARLIER"


@pytest.mark.parametrize(
    "written",
    [
        "The Bureau,ONE,2026-07-01T10:00:00+08:00 The Bureau,TWO,2026-07-01T11:00:00+08:00",
        "The Bureau,ONE,2026-07-01T10:00:00+08:00, The Bureau,TWO,2026-07-01T11:00:00+08:00,",
        "The Bureau,ONE,2026-07-01T10:00:00+08:00;The Bureau,TWO,2026-07-01T11:00:00+08:00",
    ],
)
def test_references_are_parted_where_their_times_end(
    rainstorm: Write, read: Read, written: str
) -> None:
    """A sender of two words, or a comma too many, makes no warnings that never were."""
    found = read(rainstorm("LATER", msgType="Cancel", references=written))

    references = found[0].record.weather_warning.references
    assert [(one.sender, one.identifier) for one in references] == [
        ("The Bureau", "ONE"),
        ("The Bureau", "TWO"),
    ]
    assert [one.record.weather_warning.identifier for one in found] == ["LATER", "ONE", "TWO"]


def test_a_reference_may_lack_its_time(rainstorm: Write, read: Read) -> None:
    """Sender and identifier name a message well enough."""
    update, earlier = read(rainstorm("LATER", msgType="Update", references="a@x.example,EARLIER"))

    assert update.record.weather_warning.references[0].sender == "a@x.example"
    assert earlier.record.weather_warning.identifier == "EARLIER"


def test_children_without_a_namespace_are_the_alerts_own(rainstorm: Write, read: Read) -> None:
    """Some programs put only the outermost element into CAP's namespace."""
    written = rainstorm().decode().replace("<alert xmlns=", "<cap:alert xmlns:cap=")

    (one,) = read(written.replace("</alert>", "</cap:alert>").encode())

    assert one.record.weather_warning.infos[0].event == "暴雨"


@pytest.mark.parametrize("status", ["Exercise", "Test", "Draft"])
def test_a_drill_ends_no_real_warning(rainstorm: Write, read: Read, status: str) -> None:
    """What a test cancels stands: known or not, it may be real."""
    read(rainstorm("REAL"))
    references = "a,REAL,2026-07-01T17:30:00+08:00 a,UNKNOWN,2026-07-01T17:30:00+08:00"

    found = read(rainstorm("DRILL", msgType="Cancel", status=status, references=references))

    assert [one.record.weather_warning.identifier for one in found] == ["DRILL"]


def test_a_drill_ends_a_drill(rainstorm: Write, read: Read) -> None:
    """Among themselves they behave as the real thing."""
    read(rainstorm("FIRST", status="Exercise"))

    _, first = read(
        rainstorm(
            "SECOND",
            msgType="Cancel",
            status="Exercise",
            references="a,FIRST,2026-07-01T17:30:00+08:00",
        )
    )

    assert first.record.weather_warning.state == weather.WARNING_STATE_CANCELLED


def test_a_part_without_an_end_keeps_the_warning_open(rainstorm: Write, read: Read) -> None:
    """CAP 1.2, 3.2.2: no expires says nothing of when; it must not end with another part."""
    ending = "<expires>2026-07-01T23:30:00+08:00</expires>"

    (closed,) = read(rainstorm("A", info=PART.format(more=ending) * 2))
    (opened,) = read(rainstorm("B", info=PART.format(more=ending) + PART.format(more="")))

    assert closed.record.HasField("expires_at")
    assert not opened.record.HasField("expires_at")


def test_shapes_may_have_blanks_after_their_commas(rainstorm: Write, read: Read) -> None:
    """A comma alone parts latitude from longitude."""
    area = (
        "<areaDesc>x</areaDesc><polygon>32.0, 118.0 32.1, 118.0 32.1, 118.1</polygon>"
        "<circle>32.0, 118.0 5</circle>"
    )

    (one,) = read(rainstorm(area=area))

    found = one.record.weather_warning.infos[0].areas[0]
    assert (len(found.polygons), len(found.circles)) == (1, 1)
    assert not one.record.quality.note


def test_an_outline_beyond_what_a_record_holds_is_left_out_and_told(
    rainstorm: Write, read: Read
) -> None:
    """The warning's words and codes still warn."""
    points = " ".join(f"{30 + n / 10_000:.4f},118" for n in range(10_001))

    (one,) = read(rainstorm(area=f"<areaDesc>x</areaDesc><polygon>{points}</polygon>"))

    assert not one.record.weather_warning.infos[0].areas[0].polygons
    assert one.record.quality.level == QUALITY_LEVEL_SUSPECT


def test_codes_are_parted_and_found_in_whichever_way_they_stand(
    rainstorm: Write, read: Read
) -> None:
    """Lists in one value and names as attributes both occur; a name with blanks is one."""
    area = (
        "<areaDesc>x</areaDesc>"
        "<geocode><valueName>UGC</valueName><value>TXZ183 TXZ184</value></geocode>"
        '<geocode valueName="EMMA_ID" value="BG001"/>'
        "<geocode><valueName>name</valueName><value>New York 1</value></geocode>"
    )

    (one,) = read(rainstorm(area=area))

    codes = one.record.weather_warning.infos[0].areas[0].geocodes
    assert [(code.system, code.code) for code in codes] == [
        ("UGC", "TXZ183"),
        ("UGC", "TXZ184"),
        ("EMMA_ID", "BG001"),
        ("name", "New York 1"),
    ]


def test_files_are_named_and_not_carried(rainstorm: Write, read: Read) -> None:
    """CAP 1.2, 3.2.3: where they are; embedded ones stay in the message."""
    more = (
        "<resource><resourceDesc>地图</resourceDesc><mimeType>image/png</mimeType>"
        "<uri>https://weather.example/map.png</uri></resource>"
        "<resource><resourceDesc>声音</resourceDesc><mimeType>audio/wav</mimeType>"
        "<derefUri>UklGRg==</derefUri></resource>"
    )

    (one,) = read(rainstorm(info=PART.format(more=more)))

    parameters = one.record.weather_warning.infos[0].parameters
    assert [(each.key, each.value) for each in parameters] == [
        ("resource.地图", "https://weather.example/map.png"),
        ("resource.声音", "audio/wav embedded, 8 characters of base64"),
    ]


def test_a_restriction_is_kept(rainstorm: Write, read: Read) -> None:
    """CAP 1.2, 3.2.1: it is the rule by which a restricted alert is limited."""
    (one,) = read(rainstorm(scope="Restricted", restriction="仅限应急部门"))

    parameters = one.record.weather_warning.infos[0].parameters
    assert ("restriction", "仅限应急部门") in [(each.key, each.value) for each in parameters]


def test_a_colour_may_be_an_event_code(rainstorm: Write, read: Read) -> None:
    """The code's name says that it is one."""
    more = "<eventCode><valueName>IMD_COLOR_CODE</valueName><value>ORANGE</value></eventCode>"

    (one,) = read(rainstorm(info=PART.format(more=more)))

    assert one.record.weather_warning.color == weather.COLOR_ORANGE


@pytest.mark.parametrize(
    "index",
    [
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id></entry></feed>',
        "<rss><channel><item><link>https://weather.example/1.xml</link></item></channel></rss>",
    ],
)
def test_an_index_of_alerts_is_refused_as_one(cap: Cap, index: str) -> None:
    """A person reads what to do: the alerts are elsewhere."""
    (refused,) = decoded(cap, index.encode())

    assert not isinstance(refused, CapDocument)
    assert getattr(refused, "cause", "") == "index"


def test_an_index_without_entries_says_that_nothing_is_in_force(cap: Cap) -> None:
    """A fine day's feed is no fault."""
    assert decoded(cap, b'<feed xmlns="http://www.w3.org/2005/Atom"><id>1</id></feed>') == []


def test_an_inclusion_is_refused(cap: Cap, rainstorm: Write) -> None:
    """What it would bring in is nobody's business."""
    note = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'

    (refused,) = decoded(cap, rainstorm(note=note))

    assert getattr(refused, "cause", "") == "xml_attack"
    assert "XInclude" in getattr(refused, "reason", "")


def test_what_had_no_end_ends_with_what_replaces_it(rainstorm: Write, read: Read) -> None:
    """Otherwise it would stand among those in force for ever."""
    read(rainstorm("FIRST", info=PART.format(more="")))

    _, first = read(rainstorm("SECOND", msgType="Update", references="FIRST"))

    assert first.record.weather_warning.state == weather.WARNING_STATE_SUPERSEDED
    assert first.record.expires_at.ToJsonString() == "2026-07-01T09:30:00Z"


@pytest.mark.parametrize(
    ("more", "note"),
    [
        (
            f"<description>{'x' * 70_000}</description>",
            "description has 70000 characters, of which 65536 are kept",
        ),
        (
            f"<parameter><valueName>map</valueName><value>{'x' * 9000}</value></parameter>",
            "of map the first 8192 characters are kept",
        ),
        (
            "".join(f"<area><areaDesc>A{n}</areaDesc></area>" for n in range(600)),
            "of 600 areas the first 512 are kept",
        ),
        (
            "<parameter><valueName>a</valueName><value>b</value></parameter>" * 600,
            "parameters the first",
        ),
    ],
)
def test_what_is_longer_than_a_record_holds_is_cut_and_told(
    rainstorm: Write, cap: Cap, more: str, note: str
) -> None:
    """A warning is not kept back for what is too much in it."""
    translation = Translation(cap)
    decoder = cap.decoder()
    decoder.feed(rainstorm(info=PART.format(more=more)))
    (document,) = decoder.close()

    (made,), refused = translation.of(document)

    assert refused is None
    assert made.record.quality.level == QUALITY_LEVEL_SUSPECT
    assert note in made.record.quality.note
