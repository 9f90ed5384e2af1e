"""What `publish` does."""

import uuid

from tests.ops.conftest import Town, incident


def test_a_record_is_stored_once_however_often_its_line_is_sent(town: Town) -> None:
    """The second time it is a duplicate."""
    line = incident(uuid.uuid4().hex)
    first = town.read("publish", "-", given=line)
    file = town.folder / "records.jsonl"
    file.write_text(line)
    (second,) = town.objects("publish", str(file))

    assert first.endswith(": stored\n")
    assert second["outcome"] == "duplicate"


def test_a_line_that_is_no_record_is_refused_by_number_and_field(town: Town) -> None:
    """Nothing is stored; the sentence says what to look at."""
    lines = incident("1") + incident("2").replace('"number": "2"', '"number": ""')

    status, sentence = town.refused("publish", "-", given=lines)
    assert status == 1
    assert sentence.startswith("line 2: incident.number")


def test_a_record_of_another_department_is_refused(town: Town) -> None:
    """The sentence says with which department it goes."""
    status, sentence = town.refused("publish", "-", "--as", "water", given=incident("3"))

    assert status == 1
    assert sentence.endswith("a record of police: water publishes under water/ only")


def test_a_file_that_is_no_text_or_not_there_is_told(town: Town) -> None:
    """One sentence for each."""
    file = town.folder / "bytes.bin"
    file.write_bytes(b"\x00\xff\xfe")

    _, no_text = town.refused("publish", file)
    _, no_file = town.refused("publish", "nowhere.jsonl")
    assert no_text.endswith("is no text in UTF-8: invalid start byte at byte 1")
    assert no_file == "nowhere.jsonl cannot be read: No such file or directory"
