"""What a record must be so that a department may publish it itself."""

from typing import Final

from liandong.record.v1.record_pb2 import Record


def kind_of(body: str) -> str:
    """Return the kind of a record's body, by its field: ``water_level`` gives ``water.level``."""
    # An incident's kind has a word of its own.
    return "incident.report" if body == "incident" else body.replace("_", ".", 1)


def objection(record: Record, agency: str) -> str:
    """Return why a department may not publish a record under its name; empty: it may.

    Args:
        record: The record; its name is of the form that the schema asks for.
        agency: The department.
    """
    owner, kind, _ = record.name.split("/", 2)
    if owner != agency:
        return f"is {record.name!r}, a record of {owner}: {agency} publishes under {agency}/ only"
    body = record.WhichOneof("body")
    if body is None or kind_of(body) != kind:
        stated = "nothing" if body is None else f"{body}, of the kind {kind_of(body)}"
        return f"is {record.name!r}, of the kind {kind}, but the record states {stated}"
    return ""


KINDS: Final = tuple(
    sorted(kind_of(field.name) for field in Record.DESCRIPTOR.oneofs_by_name["body"].fields)
)
"""Every kind that the schemas have."""
