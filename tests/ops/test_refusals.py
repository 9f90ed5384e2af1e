"""What the command says when it cannot do what was asked: one sentence, never a traceback."""

import shutil

import pytest

from tests.conftest import free_port
from tests.ops.conftest import Town
from tests.running_city import together

TO = "tcp://127.0.0.1:1"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ("list --home nowhere", 1, "start the city with `liandong up`"),
        ("list --as nobody", 2, "it has: police, environment, water"),
        ("list --city nowhere.toml", 1, "nowhere.toml cannot be read: No such file"),
        ("list --bbox 95,1,2,3", 2, "must be greater than or equal to -90"),
        ("get police/incident.report/none", 1, "there is no record"),
        ("adapter run none", 1, "has no feed 'none'; it has: environment.hj212, police.calls"),
        (f"play raw /etc/hostname --to {TO}", 1, "is the feed running?"),
        ("gateway run --home nowhere", 1, "run `liandong keys` to make what is missing"),
        ("gateway run --name ops", 2, "deeds are recorded"),
        ("up", 1, "runs already on"),
        ("up --home /proc/none", 1, "cannot be made"),
        ("keys --home /proc/none", 1, "cannot be written"),
    ],
)
def test_it_says_what_is_wrong_and_what_was_expected(
    town: Town, arguments: str, status: int, said: str
) -> None:
    """One sentence on standard error; 2 when the command line is wrong, else 1."""
    found = town.refused(*arguments.split())

    assert found[0] == status
    assert said in found[1]


def test_the_gateway_of_another_city_is_told_apart_from_none(town: Town) -> None:
    """A wrong home is a wrong authority, and the sentence says so."""
    other = town.folder / "other"
    town.read("keys", "--home", other)
    _, sentence = town.refused("list", "--home", other)

    assert sentence.startswith("what answers at localhost:")
    assert str(other / "tls" / "ca.pem") in sentence


def test_a_damaged_certificate_is_named(town: Town) -> None:
    """It is not taken for a gateway that does not answer."""
    home = town.folder / "damaged"
    shutil.copytree(town.home / "tls", home / "tls")
    (home / "tls" / "police.pem").write_text("no certificate")
    _, sentence = town.refused("list", "--home", home)

    assert sentence.startswith(f"the certificate for police in {home / 'tls'} cannot be used")


def test_a_port_that_is_taken_is_named_before_anything_runs(town: Town) -> None:
    """Of the server, of a feed: the sentence names it, and nothing stays behind."""
    own_nats, own_gateway = town.folder / "nats.toml", town.folder / "feed.toml"
    text = town.city.read_text()
    ours = text.split("[nats]\nport = ")[1].split("\n", 1)[0]
    own_nats.write_text(text)
    text = text.replace(ours, str(free_port()), 1)
    for port in (town.gateway_port, town.metrics_port):
        text = text.replace(str(port), str(free_port()), 1)
    own_gateway.write_text(text)
    server, feed = together(
        [
            town.start("up", "--city", city, "--home", town.folder / city.stem)
            for city in (own_nats, own_gateway)
        ]
    )

    assert server[0] == feed[0] == 1
    assert server[2] == (
        f"liandong: port {ours} on 127.0.0.1 cannot be used for NATS (Address already in use): "
        "stop what listens there, or change [nats] port in the city file\n"
    )
    assert feed[2].startswith(
        "liandong: adapter-environment.hj212 did not get ready: feed environment.hj212: "
        f"cannot listen on tcp://127.0.0.1:{town.hj212_port}"
    )
    assert feed[2].count("\n") == 1
