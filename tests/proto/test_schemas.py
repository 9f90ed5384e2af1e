"""What every schema must hold, whoever adds the next one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import protovalidate
import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FileDescriptor
from google.protobuf.message_factory import GetMessageClass

from liandong.feed.v1 import feed_pb2
from liandong.gateway.v1 import catalog_pb2, shared_state_pb2
from liandong.record.v1 import record_pb2
from liandong.record.v1.record_pb2 import Record

ROOTS = (record_pb2, feed_pb2, catalog_pb2, shared_state_pb2)


def files() -> Iterator[FileDescriptor]:
    """Walk the schemas that are reachable from the roots."""
    waiting = [root.DESCRIPTOR for root in ROOTS]
    seen = set()
    while waiting:
        file = waiting.pop()
        if file.name not in seen and file.name.startswith("liandong/"):
            seen.add(file.name)
            waiting.extend(file.dependencies)
            yield file


def messages() -> list[Descriptor]:
    """Return every message of the schemas."""
    return [message for file in files() for message in file.message_types_by_name.values()]


def enums() -> list[EnumDescriptor]:
    """Return every enum of the schemas."""
    return [enum for file in files() for enum in file.enum_types_by_name.values()]


@pytest.mark.parametrize("enum", enums(), ids=lambda enum: enum.full_name)
def test_an_enum_that_was_not_set_says_so(enum: EnumDescriptor) -> None:
    """The zero value of every enum is its _UNSPECIFIED."""
    assert enum.values_by_number[0].name.endswith("_UNSPECIFIED")


@pytest.mark.parametrize("message", messages(), ids=lambda message: message.full_name)
def test_every_message_can_be_validated(message: Descriptor) -> None:
    """Its constraints compile; an empty message is valid or named in violations."""
    for violation in protovalidate.collect_violations(GetMessageClass(message)()):
        assert violation.proto.message


def test_an_empty_record_is_told_everything_that_it_lacks() -> None:
    """What is required of a record is in the schema, and nowhere else."""
    lacking = {
        element.field_name
        for violation in protovalidate.collect_violations(Record())
        if violation.proto.field is not None
        for element in violation.proto.field.elements
    }

    assert lacking == {
        "name",
        "observed_at",
        "received_at",
        "classification",
        "status",
        "quality",
        "provenance",
        "body",
    }


@pytest.mark.parametrize(
    "name",
    [
        "water/water.level/0012345678",
        "weather/weather.warning/32010041600000_20261124120743",
        "police/incident.report/NJ110%2F2026-001",
    ],
)
def test_a_name_is_agency_kind_entity(name: str) -> None:
    """Names that follow the pattern are accepted."""
    assert not name_is_refused(name)


@pytest.mark.parametrize(
    "name", ["", "water", "water/level/1", "Water/water.level/1", "water/water.level/a b", "a/b.c/"]
)
def test_another_name_is_refused(name: str) -> None:
    """Names that do not follow the pattern never reach a subject."""
    assert name_is_refused(name)


def name_is_refused(name: str) -> bool:
    """Tell whether validation finds fault with a record's name."""
    return any(
        violation.proto.field is not None and violation.proto.field.elements[0].field_name == "name"
        for violation in protovalidate.collect_violations(Record(name=name))
    )


def test_a_folder_of_the_same_name_beside_a_script_takes_nothing_from_them(tmp_path: Path) -> None:
    """Whoever starts a program in the folder above a clone has one, with a `gateway` in it."""
    clone = tmp_path / "liandong" / "gateway"
    clone.mkdir(parents=True)
    (clone / "__init__.py").write_text("raise ImportError('the clone')\n")
    script = tmp_path / "client.py"
    script.write_text("import liandong.gateway.v1.catalog_pb2, liandong.testing\n")

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
