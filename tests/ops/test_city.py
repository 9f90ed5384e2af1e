"""City files: what is wrong in one is said, with its line."""

from pathlib import Path

import pytest

from broker.plan import BusPlan
from broker.toml import FileWrong
from ops.city import DEFAULT, read_city


def test_the_default_city_has_every_feed_of_the_demo() -> None:
    """It is read as it is delivered, its agreements beside it."""
    city = read_city(DEFAULT)

    assert {feed.adapter for feed in city.feeds} >= {"environment/hj212", "water/sl651"}
    assert city.agreements is not None
    assert city.agreements.is_file()


@pytest.mark.parametrize(
    ("was", "is_", "said"),
    [
        ('title = "南京 Nanjing"', 'titel = "N"', "line 8: there is no key `titel` here"),
        ("port = 7222", 'port = "x"', "line 14: Expected `int`, got `str`"),
        ("port = 7443", "port = 99999", "line 19: Expected `int` <= 65535"),
        ("port = 7480", 'port = "x"', "line 23: Expected `int`, got `str` for `port`"),
        (
            'district = "320100"',
            'district = "Nanjing"',
            "line 9: Expected a GB/T 2260 code of 6, 9 or 12 digits, such as 320102 for `district`",
        ),
        ('id = "weather.cap"', 'id = "weather cap"', "joined by dots, 64 at most for `id`"),
        ('name = "nanjing"', "name = ", "is no TOML: Invalid value (at line 7"),
        ('"Asia/Shanghai"', '"Asia/Nanjing"', "there is no time zone 'Asia/Nanjing'"),
        ('agency = "water"', 'agency = "Water"', "feed water.sl651 belongs to agency 'Water'"),
        ('id = "weather.cap"', 'id = "water.sl651"', "two feeds have the same id"),
        ('id = "police.units"', 'id = "health.beds"', "two responders have the same id"),
        ('beds"\nagency = "health"', 'beds"\nagency = "x"', "responder health.beds belongs to"),
    ],
)
def test_a_wrong_city_file_is_refused_with_the_line(
    tmp_path: Path, was: str, is_: str, said: str
) -> None:
    """The sentence names file, line and problem."""
    text = DEFAULT.read_text()
    assert was in text
    file = tmp_path / "city.toml"
    file.write_text(text.replace(was, is_, 1))

    with pytest.raises(FileWrong) as caught:
        read_city(file)

    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_city_file_sets_how_much_the_streams_hold(tmp_path: Path) -> None:
    """A city of many things raises the limits; what is left out stays at its default."""
    file = tmp_path / "city.toml"
    table = "[streams]\ncity_mb = 65536\nagency_mb = 2048\nhistory = 16\n"
    file.write_text(f'[[agency]]\nname = "water"\n[city]\nname = "town"\n{table}')

    plan = read_city(file).plan

    assert (plan.city_bytes >> 20, plan.agency_bytes >> 20, plan.history) == (65536, 2048, 16)
    assert plan.quarantine_bytes == BusPlan(agencies=("water",)).quarantine_bytes


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A city file in GBK is told apart from one that is not there."""
    file = tmp_path / "city.toml"
    file.write_bytes('[city]\nname = "南京"\n'.encode("gbk"))

    with pytest.raises(FileWrong, match="no text in UTF-8"):
        read_city(file)
