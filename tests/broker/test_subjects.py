"""Names and subjects, for whatever a legacy system may call a thing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.subjects import (
    entity,
    feed_of,
    feed_subject,
    name_of,
    quarantine_subject,
    record_name,
    share_patterns,
    share_subject,
)

# liandong.record.v1.Record.name
NAME = re.compile(
    r"[a-z][a-z0-9_-]{0,31}/[a-z][a-z0-9_]{0,31}\.[a-z][a-z0-9_]{0,31}/[A-Za-z0-9._~:@,+%-]{1,240}"
)
anything = st.text(min_size=1, max_size=400)
awkward = st.text(st.sampled_from("~%.*> /水a\x00\U0001f6a8"), min_size=1, max_size=300)
texts = anything | awkward


@given(texts)
def test_a_subject_leads_back_to_the_name(text: str) -> None:
    """A name that the schema allows, and a subject of five tokens that a permission can hold."""
    name = record_name("water", "water.level", text)
    subject = share_subject(name)

    assert NAME.fullmatch(name)
    assert name_of(subject) == name
    tokens = subject.split(".")
    assert tokens[:4] == ["share", "water", "water", "level"]
    assert len(tokens) == 5
    assert re.fullmatch(r"[^\s.*>]+", tokens[4])
    assert subject.isascii()


@given(texts, texts)
def test_different_things_have_different_names(one: str, other: str) -> None:
    """Also when they are too long to be spelled out."""
    assert (entity(one) == entity(other)) == (one == other)


@given(texts)
def test_no_thing_is_called_like_another_s_name(text: str) -> None:
    """The name of a long text is not also the name of the text that looks like it."""
    spelled = entity(text)

    assert entity(spelled) != spelled or spelled == text


@given(st.text(min_size=241, max_size=400), st.text(min_size=1, max_size=5))
def test_long_texts_with_the_same_beginning_differ(head: str, tail: str) -> None:
    """What was cut off still tells them apart."""
    assert entity(head) != entity(head + tail)


def test_an_ordinary_code_is_spelled_as_it_is() -> None:
    """Station codes, plates and addresses stay readable."""
    assert entity("320100A0001") == "320100A0001"
    assert entity("route:7@stop,3+x_y-z") == "route:7@stop,3+x_y-z"
    assert share_subject("water/water.level/a.b") == "share.water.water.level.a%2Eb"


def test_an_entity_is_not_empty() -> None:
    """There is no thing without a name."""
    with pytest.raises(ValueError, match="must not be empty"):
        entity("")


@pytest.mark.parametrize("subject", ["share.water.level.x", "audit.water.a.b.c", "share", ""])
def test_what_is_no_record_s_subject_is_refused(subject: str) -> None:
    """It has five tokens and begins with share."""
    with pytest.raises(ValueError, match="is no record's subject"):
        name_of(subject)


@pytest.mark.parametrize("feed", ["water.sl651", "a", "x.y.z", "water-1_2"])
def test_a_feed_is_one_token(feed: str) -> None:
    """Its dots are kept from parting the subject."""
    for subject in (feed_subject("water", feed), quarantine_subject("water", feed)):
        assert subject.count(".") == 2
        assert feed_of(subject) == ("water", feed)


@pytest.mark.parametrize(
    ("agencies", "kinds", "expected"),
    [
        ((), (), ["share.*.*.*.*"]),
        ((), ("water.level", "*"), ["share.*.*.*.*"]),
        ((), ("water.level", "water.*", "water.*"), ["share.*.water.*.*"]),
        (
            ("water", "police"),
            ("water.level", "waterway.lock"),
            [
                "share.police.water.level.*",
                "share.police.waterway.lock.*",
                "share.water.water.level.*",
                "share.water.waterway.lock.*",
            ],
        ),
    ],
)
def test_no_two_patterns_overlap(
    agencies: tuple[str, ...], kinds: tuple[str, ...], expected: list[str]
) -> None:
    """A server refuses a consumer whose patterns do."""
    assert list(share_patterns(agencies, kinds)) == expected
    assert share_patterns(agencies, kinds, late=True)[0] == f"{expected[0][:-1]}>"
