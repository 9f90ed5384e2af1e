"""What is wrong with a file of agreements is told with its line."""

from pathlib import Path

import pytest

from broker.toml import FileWrong
from gateway.agreements_file import read_agreements

_FIRST = """# A comment.
[[agreement]]
id = "first"
provider = "water"
consumer = "police"
kinds = ["water.level"]
"""


def _file(folder: Path, text: str) -> Path:
    file = folder / "agreements.toml"
    file.write_text(text)
    return file


def test_each_agreement_and_each_of_its_keys_knows_its_line(tmp_path: Path) -> None:
    """A key that is not written has the line on which its agreement begins."""
    second = _FIRST.replace("first", "second").replace('["water.level"]', '[\n  "water.level",\n]')
    file = _file(tmp_path, f"{_FIRST}\n{second}districts = ['320100']\n")

    first, other = read_agreements(file)

    assert (first.line(), first.line("kinds"), first.line("districts")) == (2, 6, 2)
    assert (other.line(), other.line("kinds"), other.line("districts")) == (9, 13, 16)


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ('classification = "secret"', "line 7, agreement first: classification is 'secret', expec"),
        ('hidden = ["water_level.flow"]', "line 7, agreement first: hidden has 'water_level.flow'"),
        ('hidden = ["name"]', "hidden has 'name': a record is none without name"),
        ('hidden = ["incident.casualties"]', "which is in none of its kinds (water.level)"),
        ('districts = ["Nanjing"]', "line 7, agreement first: districts has 'Nanjing', expected"),
        ('opens_at_level = "V"', "opens_at_level is 'V', expected I, II, III, IV"),
        ('closes_after = "2h"', "closes_after means something beside opens_at_level only"),
        ('opens_at_level = "I"\ncloses_after = "30d"', "line 8, agreement first: closes_after is"),
        ('opens_at_level = "I"\ncloses_after = "soon"', "expected for example 30m, 2h or"),
        ('declared_by = ["army"]', "declared_by is 'army', which the city does not have"),
        ('declared_by = ["water"]', "declared_by means something beside opens_at_level only"),
        ("hiden = []", "line 7: there is no key `hiden` here"),
        (_FIRST, "line 9, agreement first: id is 'first', as another's"),
        (_FIRST.replace("first", ""), "agreement : id is empty"),
        (
            _FIRST.replace('"first"', '"b"').replace("level", "levl"),
            "has 'water.levl', which is no",
        ),
        (
            _FIRST.replace('"first"', '"b"').replace("police", "army"),
            "line 11, agreement b: consum",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, added: str, said: str) -> None:
    """Which agreement, which key, what was expected."""
    file = _file(tmp_path, f"{_FIRST}{added}\n")

    with pytest.raises(FileWrong) as raised:
        read_agreements(file, ("water", "police"))

    assert str(raised.value).startswith(str(file))
    assert said in str(raised.value)


def test_agreements_written_as_one_array_are_read_without_lines(tmp_path: Path) -> None:
    """It is right TOML; only where each stands is not known."""
    one = '{id = "a", provider = "*", consumer = "*", kinds = ["*"]}'

    (terms,) = read_agreements(_file(tmp_path, f"agreement = [{one}]\n"))

    assert (terms.agreement.id, terms.line()) == ("a", 0)
