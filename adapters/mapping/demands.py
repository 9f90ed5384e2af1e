"""What the schema demands of a record, told before the first row rather than after it."""

from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor

from adapters.mapping.fields import Target
from adapters.mapping.problems import Problems


def is_demanded(body: FieldDescriptor, target: Target) -> bool:
    """Tell whether the schema refuses a body in which a field is empty."""
    rules = target.field.GetOptions().Extensions[validate_pb2.field]
    return target.parents == (body.name,) and bool(rules.required or rules.string.min_len)


def check_filled(
    body: FieldDescriptor, paths: set[str], known: dict[str, Target], problems: Problems
) -> None:
    """Note what must be filled and is not: the time of observation, and what is demanded.

    Args:
        body: The body's field in a record.
        paths: What is filled.
        known: What can be.
        problems: Gets what is missing.
    """
    if "observed_at" not in paths:
        problems.add(
            "fields",
            "nothing fills observed_at",
            "a column with a time, or `observed_at = { received = true }`",
        )
    for path, target in known.items():
        if path not in paths and is_demanded(body, target):
            problems.add("fields", f"nothing fills {path}", "a column or a constant for it")
    if not any(path.startswith("body.") for path in paths):
        problems.add("fields", "nothing fills the body", f"a field such as {next(iter(known))}")
