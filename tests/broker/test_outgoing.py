"""Messages as they are written to the server."""

import pytest

from broker.outgoing import Outgoing, batch_bytes, header_lines, hpub
from broker.recent import RecentIds

MESSAGE = Outgoing("share.water.a.b.c", b"payload", "id-1", header_lines({"Feed": "水"}))


def test_a_message_carries_its_id_and_headers() -> None:
    """Sizes are those of the header and of all, in bytes."""
    header = "NATS/1.0\r\nNats-Msg-Id: id-1\r\nFeed: 水\r\n\r\n".encode()

    assert hpub(MESSAGE, "_INBOX.x") == (
        b"HPUB share.water.a.b.c _INBOX.x %d %d\r\n%bpayload\r\n"
        % (len(header), len(header) + 7, header)
    )


def test_only_the_last_message_of_a_batch_commits_and_asks() -> None:
    """The others are numbered and wait for it."""
    data = batch_bytes("b", [MESSAGE, MESSAGE, MESSAGE], "_INBOX.x")

    assert [data.count(b"Nats-Batch-Sequence: %d\r\n" % number) for number in (1, 2, 3)] == [1] * 3
    assert data.count(b"Nats-Batch-Commit: 1") == data.count(b"_INBOX.x") == 1
    assert data.index(b"_INBOX.x") > data.index(b"Nats-Batch-Sequence: 2")


@pytest.mark.parametrize(
    "headers", [{"A": "b\r\nC: d"}, {"A\n": "b"}, {"A:": "b"}, {"": "b"}, {"A": "b\r"}]
)
def test_a_header_cannot_smuggle_in_another(headers: dict[str, str]) -> None:
    """A line break ends a header, a colon its name."""
    with pytest.raises(ValueError, match="cannot be sent"):
        header_lines(headers)


def test_recent_ids_are_remembered_and_the_oldest_forgotten() -> None:
    """At least as many as a generation holds, at most twice as many."""
    recent = RecentIds(10)
    for number in range(100):
        recent.add(str(number))
        assert all(str(known) in recent for known in range(max(0, number - 9), number + 1))

    assert sum(str(number) in recent for number in range(100)) <= 20
