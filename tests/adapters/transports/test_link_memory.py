"""What is known of links, in bounded memory."""

from adapters.transports.link_memory import SettledLinks


def test_what_is_settled_is_bounded_and_what_is_still_listed_stays() -> None:
    """What has not been asked for longest is forgotten."""
    settled = SettledLinks(most=3)
    for key in ("a", "b", "c"):
        settled.add(key)

    assert settled.has("a")
    settled.add("d")

    assert settled.keys == ["c", "a", "d"]
    assert not settled.has("b")
