"""Documents are decoded whole, whatever their encoding, and attacks are refused."""

import contextlib
from base64 import encodebytes
from collections.abc import Callable
from hashlib import sha256
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from adapters.weather.cap import Cap, CapDecoder, CapDocument
from liandong.record.v1 import record_pb2 as record

Write = Callable[..., bytes]
Read = Callable[[bytes], list[Translated]]

ALERT = '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">{}</alert>'


def _decode(document: bytes, limit: int = 1 << 22) -> list[CapDocument | Undecodable]:
    """Decode a document at once."""
    decoder = CapDecoder(limit)
    return [*decoder.feed(document), *decoder.close()]


def _refused(document: bytes, limit: int = 1 << 22) -> Undecodable:
    """Decode a document that must be refused, whole."""
    (found,) = _decode(document, limit)
    assert isinstance(found, Undecodable)
    return found


@pytest.mark.parametrize(
    ("declared", "stored"),
    [
        ("UTF-8", "utf-8"),
        ("UTF-8", "utf-8-sig"),
        ("GBK", "gb18030"),
        ("GB2312", "gb18030"),
        ("gb2312", "utf-8"),
        ("UTF-8", "gb18030"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-be"),
        ("UTF-16LE", "utf-16-le"),
        ("utf-16", "utf-8"),
        ("utf-16", "gb18030"),
    ],
)
def test_encodings_are_settled(rainstorm: Write, read: Read, declared: str, stored: str) -> None:
    """What is declared is not always what is stored; what is stored counts."""
    text = rainstorm().decode().replace('encoding="UTF-8"', f'encoding="{declared}"')

    (translated,) = read(text.encode(stored))

    assert translated.record.weather_warning.event == "暴雨"


def test_gbk_without_a_declaration_is_read(rainstorm: Write, read: Read) -> None:
    """Real files declare no encoding and are stored in GBK."""
    text = rainstorm().decode().partition("\n")[2]

    (translated,) = read(text.encode("gbk"))

    assert translated.record.location.areas[0].description == "南京市"


def test_latin_1_is_read_as_declared(rainstorm: Write, read: Read) -> None:
    """A declared encoding of one byte a character is taken at its word."""
    info = (
        "<info><event>S\u00e9isme \u00e0 Usulut\u00e1n</event><urgency>Past</urgency>"
        "<severity>Minor</severity><certainty>Likely</certainty></info>"
    )
    document = rainstorm(info=info, encoding="ISO-8859-1")

    assert read(document)[0].record.weather_warning.event == "Séisme à Usulután"


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE alert [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE alert [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE alert SYSTEM "http://attacker.example/evil.dtd">',
        "<!DOCTYPE alert>",
    ],
)
def test_document_types_and_entities_are_refused(prolog: str) -> None:
    """An alert needs neither, and both are how parsers are attacked."""
    refused = _refused((prolog + ALERT.format("<identifier>&b;</identifier>")).encode())

    assert refused.cause == "xml_attack"
    assert "document type" in refused.reason


@pytest.mark.parametrize("body", ["<a>" * 500 + "</a>" * 500, "<a/>" * 100_001])
def test_trees_beyond_bounds_are_refused(body: str) -> None:
    """Depth and number of elements are bounded."""
    assert _refused(ALERT.format(body).encode()).cause == "xml_attack"


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        (b"not XML", "xml"),
        (b"<alert>", "xml"),
        (b"   ", "xml"),
        (ALERT.format("&unknown;").encode(), "xml"),
        (b"<alert>\xff\xff</alert>", "encoding"),
        (b'<?xml version="1.0" encoding="rot13"?><alert/>', "encoding"),
        (b"<html><body>404</body></html>", "not_cap"),
        ('<?xml version="1.0"?><params zh="总碳"/>'.encode("gbk"), "not_cap"),
    ],
)
def test_what_is_no_alert_is_refused_with_a_reason(document: bytes, cause: str) -> None:
    """The raw bytes are kept, with a sentence for people."""
    refused = _refused(document)

    assert (refused.cause, refused.raw) == (cause, document)
    assert "expected" in refused.reason


def test_a_document_beyond_the_limit_is_cut(rainstorm: Write) -> None:
    """Memory is bounded whatever is sent."""
    document = rainstorm()

    refused = _refused(document, limit=100)

    assert (refused.cause, refused.raw) == ("oversize", document[:100])


def test_an_empty_file_holds_nothing() -> None:
    """No bytes, no message."""
    assert _decode(b"") == []


def test_alerts_inside_other_formats_are_found(rainstorm: Write, read: Read) -> None:
    """Atom, SOAP and EDXL-DE carry alerts; each is a message of its own."""
    alerts = [rainstorm(name).decode().partition("\n")[2] for name in ("A-1", "A-2")]
    entries = "".join(f"<entry><content>{alert}</content></entry>" for alert in alerts)
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'

    found = read(feed.encode())

    assert [one.record.weather_warning.identifier for one in found] == ["A-1", "A-2"]


def test_a_signature_does_no_harm(rainstorm: Write, read: Read) -> None:
    """A signed alert is read; nobody claims to have verified it."""
    signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><X>1</X></Signature>'
    document = rainstorm().replace(b"</alert>", f"{signature}</alert>".encode())

    assert len(read(document)) == 1


@given(st.binary(max_size=300), st.lists(st.integers(1, 20), max_size=20))
def test_any_bytes_in_any_pieces_decode_alike(document: bytes, sizes: list[int]) -> None:
    """The decoder never raises, and how bytes arrive changes nothing."""
    decoder, rest = CapDecoder(128), document
    for size in sizes:
        decoder.feed(rest[:size])
        rest = rest[size:]
    decoder.feed(rest)
    pieces, whole = decoder.close(), _decode(document, limit=128)

    assert all(isinstance(found, Undecodable) for found in pieces)
    assert pieces == whole


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.tuples(
        st.integers(0, 2000),
        st.integers(0, 30),
        st.text("<>/&;,. 0123456789-:T+ABalertinfo红\\", max_size=12),
    ),
    st.booleans(),
)
def test_damaged_alerts_raise_nothing_but_their_own_error(
    cap: Cap,
    rainstorm: Write,
    chinese: Write,
    damage: tuple[int, int, str],
    is_chinese: bool,
) -> None:
    """Whatever is wrong with an alert, it becomes records or goes to quarantine."""
    at, cut, new = damage
    text = (chinese() if is_chinese else rainstorm()).decode()
    document = (text[:at] + new + text[at + cut :]).encode()

    for found in _decode(document):
        if isinstance(found, CapDocument):
            with contextlib.suppress(Untranslatable):
                assert list(cap.translate(found))


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("<distributionStatus>Exercise</distributionStatus>", record.STATUS_EXERCISE),
        (
            "<distributionStatus><StatusKindDefault>Test</StatusKindDefault></distributionStatus>",
            record.STATUS_TEST,
        ),
        (
            "<distributionStatus><x>urn:list</x><Value>System</Value></distributionStatus>",
            record.STATUS_TEST,
        ),
        ("<distributionStatus>Actual</distributionStatus>", record.STATUS_ACTUAL),
        ("", record.STATUS_ACTUAL),
    ],
)
def test_an_envelope_makes_a_drill_of_what_it_carries(
    rainstorm: Write, read: Read, said: str, status: "record.Status.ValueType"
) -> None:
    """An alert says Actual, and EDXL-DE around it that it is an exercise: it is one."""
    alert = rainstorm().decode().partition("\n")[2]

    (found,) = read(_distribution(alert, said))

    assert found.record.status == status


def test_an_envelope_does_not_make_a_drill_real(rainstorm: Write, read: Read) -> None:
    """What is least real of the two holds."""
    alert = rainstorm(status="Test").decode().partition("\n")[2]

    (found,) = read(_distribution(alert, "<distributionStatus>Actual</distributionStatus>"))

    assert found.record.status == record.STATUS_TEST


def test_an_envelope_with_a_word_of_its_own_is_refused(rainstorm: Write, read: Read) -> None:
    """Nobody guesses whether it is real."""
    alert = rainstorm().decode().partition("\n")[2]

    with pytest.raises(Untranslatable, match="distributionStatus"):
        read(_distribution(alert, "<distributionStatus>Rehearsal</distributionStatus>"))


def _distribution(alert: str, said: str) -> bytes:
    """Return an envelope of EDXL-DE about an alert."""
    return (
        f'<EDXLDistribution xmlns="urn:oasis:names:tc:emergency:EDXL:DE:1.0">{said}'
        f"<contentObject><xmlContent><embeddedXMLContent>{alert}</embeddedXMLContent>"
        "</xmlContent></contentObject></EDXLDistribution>"
    ).encode()


def _carried(*contents: tuple[str, bytes], name: str = "nonXMLContent") -> bytes:
    """Return an envelope of EDXL-DE about contents of some types, in base64."""
    objects = "".join(
        f"<contentObject><{name}><mimeType>{kind}</mimeType>"
        f"<contentData>{encodebytes(content).decode()}</contentData></{name}></contentObject>"
        for kind, content in contents
    )
    return (
        '<EDXLDistribution xmlns="urn:oasis:names:tc:emergency:EDXL:DE:1.0">'
        f"<distributionStatus>Exercise</distributionStatus>{objects}</EDXLDistribution>"
    ).encode()


@pytest.mark.parametrize("name", ["nonXMLContent", "otherContent"])
@pytest.mark.parametrize("kind", ["application/cap+xml", "text/xml", "application/octet-stream"])
def test_alerts_in_base64_are_read(rainstorm: Write, read: Read, kind: str, name: str) -> None:
    """EDXL-DE carries documents whole, in their own encoding, beside pictures."""
    alert = rainstorm().decode().replace("UTF-8", "GB18030").encode("gb18030")
    document = _carried(("image/jpeg", b"\xff\xd8"), (kind, alert), (kind, b"<other/>"), name=name)

    (found,) = read(document)

    (plain,) = read(rainstorm())
    assert found.record.weather_warning == plain.record.weather_warning
    assert found.record.status == record.STATUS_EXERCISE


@pytest.mark.parametrize(
    ("content", "cause"), [(b"no xml", "xml"), (b"<alert><a>", "xml"), (None, "encoding")]
)
def test_what_says_it_is_an_alert_and_is_none_is_told(
    rainstorm: Write, content: bytes | None, cause: str
) -> None:
    """The alert beside it is read."""
    document = _carried(("application/cap+xml", content or b""), ("text/xml", rainstorm()))
    if content is None:
        document = document.replace(b"<contentData></", b"<contentData>A*=</")

    good, refused = _decode(document)

    assert isinstance(good, CapDocument)
    assert isinstance(refused, Undecodable)
    assert refused.cause == cause
    assert "contentData of type application/cap+xml" in refused.reason


@pytest.mark.parametrize("is_cdata", [False, True])
def test_alerts_that_are_written_out_in_a_text_are_read(
    rainstorm: Write, read: Read, *, is_cdata: bool
) -> None:
    """RSS and SOAP carry an alert as a text too, whose declaration no longer holds."""
    alert = rainstorm().decode().replace("UTF-8", "ISO-8859-1")
    text = f"<![CDATA[{alert}]]>" if is_cdata else escape(alert)
    document = f"<rss><channel><item><description>{text}</description></item></channel></rss>"

    (found,) = read(document.encode())

    assert found.record.weather_warning.event == "暴雨"


@pytest.mark.parametrize(
    ("text", "cause"), [("<alert>", "xml"), ("<!DOCTYPE alert><alert/>", "xml_attack")]
)
def test_a_text_that_begins_as_an_alert_and_is_none_is_refused(text: str, cause: str) -> None:
    """What stands in a text is no more trusted than a document."""
    document = (
        f"<rss><channel><item><description>{escape(text)}</description></item></channel></rss>"
    )

    assert _refused(document.encode()).cause == cause


def test_each_record_bears_the_digest_of_its_own_document(rainstorm: Write, read: Read) -> None:
    """It is computed once for all records of a document, and anew for the next."""
    documents = [rainstorm("A"), rainstorm("B", msgType="Update", references="A"), rainstorm("A")]

    found = [{one.record.provenance.raw_sha256 for one in read(each)} for each in documents]

    assert found == [{sha256(each).digest()} for each in documents]


def test_a_garbled_text_costs_no_other_alert(rainstorm: Write) -> None:
    """Each entry stands for itself."""
    items = "".join(
        f"<item><description>{escape(text)}</description></item>"
        for text in ("<alert>", rainstorm().decode())
    )

    good, bad = _decode(f"<rss><channel>{items}</channel></rss>".encode())

    assert isinstance(good, CapDocument)
    assert isinstance(bad, Undecodable)
    assert bad.raw == b"<alert>"


def test_entries_without_their_alert_are_told_beside_those_with_one(rainstorm: Write) -> None:
    """An entry that only links to its alert is a warning that nobody has seen."""
    alert = rainstorm().decode().partition("\n")[2]
    document = (
        '<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<entry><content>{alert}</content></entry><entry><link href='https://x.example/1'/></entry>"
        "</feed>"
    )

    good, bare = _decode(document.encode())

    assert isinstance(good, CapDocument)
    assert isinstance(bare, Undecodable)
    assert bare.cause == "index"
    assert "index of 2 alerts, of which 1 are not in it" in bare.reason
