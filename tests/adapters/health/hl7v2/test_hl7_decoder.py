"""Messages are cut out of frames, streams and files, whatever the pieces they come in."""

import codecs
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.health.hl7v2 import Hl7Message
from adapters.health.hl7v2.decoder import Hl7StreamDecoder, Item
from adapters.sdk.message import Undecodable
from tests.adapters.health.hl7v2.hl7_messages import adapter, adt, decoded, framed, message, one

MESSAGES = [adt(control_id="1"), adt("A03", control_id="2"), adt("A02", control_id="3")]


def _ids(items: list[Item]) -> list[str]:
    """Return the control ids of messages, and the causes of what is none."""
    return [item.cause if isinstance(item, Undecodable) else item.header(10) for item in items]


@pytest.mark.parametrize("wrap", [framed, bytes], ids=["framed", "bare"])
@given(cuts=st.lists(st.integers(min_value=0, max_value=900), max_size=12))
@settings(max_examples=60)
def test_pieces_do_not_matter(wrap: "type[bytes]", cuts: list[int]) -> None:
    """A stream holds the same messages however TCP cuts it."""
    stream = b"".join(map(wrap, MESSAGES))
    decoder = adapter().decoder()
    places = sorted({0, *(cut % len(stream) for cut in cuts), len(stream)})

    items = [item for first, last in pairwise(places) for item in decoder.feed(stream[first:last])]
    items += decoder.close()

    assert _ids(items) == ["1", "2", "3"]
    assert [item.raw.strip() for item in items] == [one.strip() for one in MESSAGES]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_files_may_end_lines_as_they_like(end: bytes, mark: bytes) -> None:
    """Files have a byte order mark, and line feeds where the wire has carriage returns."""
    found = one(adapter(), mark + adt().replace(b"\r", end))

    assert found.names == ("MSH", "EVN", "PID", "NK1", "PV1", "IN1")


def test_a_frame_is_there_as_soon_as_it_ends() -> None:
    """A sender waits for its answer before it sends the next message."""
    decoder = adapter().decoder()

    assert decoder.feed(framed(adt())[:-2]) == []
    assert _ids(decoder.feed(b"\x1c")) == ["C1"]


def test_a_block_of_a_transport_is_a_message_at_once() -> None:
    """The transport for MLLP hands over each block without its frame."""
    decoder = adapter("mllp://127.0.0.1:0").decoder()

    assert _ids(decoder.feed(adt())) == ["C1"]
    assert _ids(decoder.feed(adt(control_id="C2").rstrip())) == ["C2"]
    assert decoder.close() == []


@pytest.mark.parametrize("wrap", [framed, bytes], ids=["framed", "bare"])
def test_batches_are_taken_out_of_their_envelopes(wrap: "type[bytes]") -> None:
    """FHS, BHS, BTS and FTS are framing; the messages between them are what counts."""
    batch = b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + b"".join(MESSAGES) + b"BTS|3\rFTS|1\r"

    assert _ids(decoded(adapter(), wrap(batch))) == ["1", "2", "3"]


def test_text_between_messages_is_not_lost() -> None:
    """What is no message goes to quarantine; the messages about it are read."""
    stream = b"/* notes */\n" + MESSAGES[0] + b"\n\n// and more\n\n" + MESSAGES[1]

    assert _ids(decoded(adapter(), stream)) == ["not_hl7", "1", "not_hl7", "2"]


def test_a_line_break_within_a_field_does_not_end_the_message() -> None:
    """Some systems break lines within a text; what comes after still belongs to the message."""
    raw = message("OBX|1|TX|A||first\nsecond line|", "NTE|1", kind="ORU^R01")

    assert one(adapter(), raw).names == ("MSH", "OBX", "NTE")


def test_a_frame_without_end_is_told_from_the_next() -> None:
    """A connection that broke in a message and went on with the next costs one message."""
    stream = framed(MESSAGES[0])[:-40] + framed(MESSAGES[1])

    assert _ids(decoded(adapter(), stream)) == ["framing", "2"]


def test_a_frame_that_never_ends_is_told_at_the_end() -> None:
    """What was there of it is in quarantine."""
    assert _ids(decoded(adapter(), framed(adt())[:-2])) == ["framing"]


@pytest.mark.parametrize("wrap", [framed, bytes], ids=["framed", "bare"])
def test_a_message_that_is_too_long_costs_itself_alone(wrap: "type[bytes]") -> None:
    """Memory is bounded; what follows is read."""
    long = message(f"OBX|1|ED|A||{'x' * 5000}", kind="ORU^R01")
    reader = adapter(max_message_bytes=2048)
    decoder = reader.decoder()
    stream = wrap(long) + wrap(adt(control_id="2"))

    items = [
        item for at in range(0, len(stream), 100) for item in decoder.feed(stream[at : at + 100])
    ]
    items += decoder.close()

    assert _ids(items) == ["oversize", "2"]
    assert len(items[0].raw) <= 2048


@pytest.mark.parametrize(
    ("begin", "cause"),
    [
        (b"HELLO", "not_hl7"),
        (b"MSH", "not_hl7"),
        (b"MSH|", "not_hl7"),
        (b"MSH|^~\\&", "not_hl7"),
        (b"MSH||^~|A|", "not_hl7"),
        (b"MSH|^^^^|A|", "not_hl7"),
        (b"PID|1||1", "not_hl7"),
    ],
)
def test_what_is_no_header_is_refused_in_words(begin: bytes, cause: str) -> None:
    """A person can read what was wrong, and the sender is rejected."""
    (item,) = decoded(adapter(), framed(begin))

    assert isinstance(item, Undecodable)
    assert item.cause == cause
    assert "expected" in item.reason
    assert b"MSA|AR|" in item.answer


@pytest.mark.parametrize("characters", ["^~\\&", "^~\\}", "^~}", "^~", "^", "^~\\&#", "!~\\&"])
def test_delimiters_are_those_that_the_message_names(characters: str) -> None:
    """Old interfaces name three encoding characters, new ones five."""
    part = characters[0]
    raw = f"MSH|{characters}|A|B|||20260701||ADT{part}A04|7|P|2.3\rPV1|1|O|W{part}1\r".encode()
    found = one(adapter(), raw)

    assert found.header(9, 2) == "A04"
    assert found.value(found.every("PV1")[0], 3) == "W"


@given(
    pieces=st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from(
                [
                    b"\x0b",
                    b"\x1c\r",
                    b"\r",
                    b"MSH|^~\\&|",
                    b"MSH",
                    b"BHS|^~\\&|",
                    codecs.BOM_UTF8,
                    b"\n\n//",
                ]
            ),
        ),
        max_size=40,
    )
)
@settings(max_examples=300)
def test_no_bytes_break_the_decoder(pieces: list[bytes]) -> None:
    """Whatever comes, the decoder returns; what it keeps stays within its limit."""
    limit = 1024
    decoder = Hl7StreamDecoder(lambda refused, _: refused, limit)
    for piece in pieces:
        for item in decoder.feed(piece):
            assert isinstance(item, Hl7Message | Undecodable)
            assert len(item.raw) <= limit
        assert len(decoder._buffer) <= limit + 60

    decoder.close()

    assert not decoder._buffer


@pytest.mark.parametrize("end", [b"", b"ZZZ|1", b"text"])
def test_lines_without_end_are_gone_through_once(end: bytes) -> None:
    """Empty lines part a message from what people write, however many they are."""
    raw = adt() + b"\r\n" * 500_000 + end

    found = decoded(adapter(), raw)

    assert isinstance(found[0], Hl7Message)
    assert len(found) == (2 if end == b"text" else 1)


@pytest.mark.parametrize(
    ("text", "what"), [(b"<ClinicalDocument/>", r"XML .*CDA"), (b'{"resourceType": ""}', "FHIR")]
)
def test_other_standards_of_hl7_are_called_by_their_names(text: bytes, what: str) -> None:
    """Whoever sends them learns what is read here."""
    (item,) = decoded(adapter(), text)

    assert isinstance(item, Undecodable)
    assert re.search(what, item.reason)
