"""The command that begins an adapter: a package of its own that runs at once."""

import re
from importlib import resources
from pathlib import Path
from string import Template
from typing import Annotated, Final, Literal

import typer
from google.protobuf.descriptor import FieldDescriptor

from adapters.sdk.registry import adapter_names
from liandong.record.v1.record_pb2 import Record
from ops.failure import USAGE, Failure

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}/[a-z][a-z0-9_]{0,31}")
_FILES: Final = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    "src/{package}/__init__.py": "init.py.txt",
    "src/{package}/adapter.py": "adapter.py.txt",
    "src/{package}/lines.py": "lines.py.txt",
    "tests/test_{format}.py": "test.py.txt",
    "samples/{format}.txt": "samples.txt",
}
_TAKEN: Final = ("Line", "Lines")
_IMPORTED: Final = ("Adapter", "ClassVar", "Final", "Iterator", "Outcome", "Translated")
_ANSWER: Final = '''
    def answer(self, message: Line, outcome: Outcome) -> bytes:
        """Return what the sender is told once the line is stored, or safe in quarantine."""
        del message, outcome
        return b"OK\\\\r\\\\n"
'''


def adapter_new(
    name: Annotated[str, typer.Argument(metavar="AGENCY/FORMAT", help="The adapter's name.")],
    kind: Annotated[str, typer.Option("--kind", help="What its records are.")] = "water.level",
    transport: Annotated[
        Literal["tcp", "drop"], typer.Option("--transport", help="How its bytes come in.")
    ] = "tcp",
    into: Annotated[
        Path | None, typer.Option("--into", help="The folder to write; default: its name.")
    ] = None,
) -> None:
    """Begin an adapter: write a package of its own that runs at once."""
    if not _NAME.fullmatch(name):
        raise Failure(f"{name!r} is no name of an adapter, expected agency/format", USAGE)
    if name in adapter_names():
        raise Failure(f"there is an adapter {name} already: give yours another name", USAGE)
    words = _words(name, kind, transport)
    folder = into or Path(words["package"])
    _write(folder, words)
    typer.echo(f"wrote {folder}; next:\n")
    for command in (
        f"pip install -e '{folder}[test]'",
        f"liandong adapter check {folder}/samples/* --adapter {name}",
        f"pytest {folder}",
    ):
        typer.echo(f"    {command}")


def kinds() -> dict[str, FieldDescriptor]:
    """Return the kinds of records that an adapter can begin with, and their bodies."""
    return {kind: body for kind, body in sorted(_named().items()) if _value_of(body)}


def _named() -> dict[str, FieldDescriptor]:
    """Return the body of every kind."""
    bodies = Record.DESCRIPTOR.oneofs_by_name["body"].fields
    named = {body.name.replace("_", ".", 1): body for body in bodies}
    named["incident.report"] = named.pop("incident")
    return named


def _value_of(body: FieldDescriptor) -> FieldDescriptor | None:
    """Return the field of a body with which to begin: a number if there is one, else a text."""
    assert body.message_type is not None, f"{body.name} is a message"
    plain = [field for field in body.message_type.fields[1:] if not field.is_repeated]
    numbers = [field for field in plain if field.cpp_type in _READ and field.has_presence]
    texts = [field for field in plain if field.type == FieldDescriptor.TYPE_STRING]
    return next(iter([*numbers, *texts]), None)


_READ: Final = {
    FieldDescriptor.CPPTYPE_DOUBLE: ("number", "3.21", "4.05", "3.21"),
    FieldDescriptor.CPPTYPE_UINT32: ("whole_number", "3", "4", "3"),
}
"""What reads it, two samples, and the first as Python writes it."""


def _words(name: str, kind: str, transport: str) -> dict[str, str]:
    """Return what the templates' words stand for.

    Raises:
        Failure: There is no such kind.
    """
    known = kinds()
    if kind in _named() and kind not in known:
        sentence = f"nothing of {kind} is a plain number or text, with which a line could begin"
        raise Failure(f"{sentence}: begin with water.level, and fill the body by hand", USAGE)
    if kind not in known:
        raise Failure(f"there is no kind {kind!r}; there are: {', '.join(known)}", USAGE)
    body = known[kind]
    value = _value_of(body)
    assert body.message_type is not None, f"{kind} has a body"
    assert value is not None, f"{kind} has a field to begin with"
    entity = body.message_type.fields[0].name
    agency, format_name = name.split("/")
    package = f"{agency}_{format_name}"
    adapter = "".join(word.capitalize() for word in format_name.split("_"))
    if adapter in {*_TAKEN, *_IMPORTED}:
        adapter += "Format"
    is_tcp = transport == "tcp"
    source = "tcp://127.0.0.1:7300" if is_tcp else f"drop:inbox/{agency}"
    numeric = _READ.get(value.cpp_type)
    reader, example, other, literal = numeric or ("", "one", "two", '"one"')
    bad = {f"1001,yesterday,{example}": "time", f",2025-07-17T09:00:00Z,{example}": entity}
    if numeric:
        bad["1001,2025-07-17T09:00:00Z,high"] = value.name
        bad["1001,2025-07-17T09:00:00Z,1_0"] = value.name
    return {
        "name": name,
        "agency": agency,
        "format": format_name,
        "package": package,
        "distribution": package.replace("_", "-"),
        "adapter": adapter,
        "public": ", ".join(f'"{one}"' for one in sorted((adapter, f"{adapter}Options", *_TAKEN))),
        "kind": kind,
        "body": body.name,
        "entity": entity,
        "value": value.name,
        "read": f'{reader}("{value.name}", value)' if numeric else "value",
        "reader_import": f", {reader}" if numeric else "",
        "answer": _ANSWER.replace("\\\\", "\\") if is_tcp else "",
        "outcome_import": " Outcome," if is_tcp else "",
        "expected_answer": r'b"OK\r\n"' if is_tcp else 'b""',
        "source": source,
        "play": f"liandong play raw samples/{format_name}.txt --to {source}",
        "example": example,
        "other": other,
        "expected": literal,
        "bad": "".join(f'        b"{line}\\n": "{field}",\n' for line, field in bad.items()),
    }


def _write(folder: Path, words: dict[str, str]) -> None:
    """Write the package.

    Raises:
        Failure: The folder holds something already, or cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            raise Failure(f"{folder} is not empty: name another folder with --into", USAGE)
        for path, template in _FILES.items():
            text = resources.files("ops.skeleton").joinpath(template).read_text("utf-8")
            file = folder / path.format(**words)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(Template(text).substitute(words).rstrip() + "\n", "utf-8")
    except OSError as error:
        raise Failure(f"{folder} cannot be written: {error.strerror}") from error
