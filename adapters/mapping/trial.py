"""Try a mapping: print the records that a table makes, and why rows make none."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import protovalidate
from google.protobuf.json_format import MessageToJson

from adapters.mapping.adapter import MappedTable, MappingOptions
from adapters.sdk.errors import FeedMisconfigured, Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from broker.impossible import impossible_record, told
from broker.violations import describe
from liandong.record.v1.record_pb2 import Record


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0 when every row became a record, 1 when not, 2 on a mistake."""
    parser = argparse.ArgumentParser(prog="python -m adapters.mapping", description=__doc__)
    parser.add_argument("mapping", type=Path, help="the mapping file")
    parser.add_argument("table", type=Path, help="a file of the table")
    parser.add_argument("--agency", default="trial", help="the agency whose records these are")
    parser.add_argument("--show", type=int, default=2, help="how many records to print")
    given = parser.parse_args(arguments)
    feed = FeedConfig(
        id=f"{given.agency}.trial", adapter="mapping", agency=given.agency, source="drop:trial"
    )
    try:
        adapter = MappedTable(feed, MappingOptions(file=str(given.mapping.absolute())))
        content = given.table.read_bytes()
    except (FeedMisconfigured, OSError) as error:
        print(error)  # noqa: T201 - a command's output.
        return 2
    good = bad = 0
    for found in outcomes(adapter, content):
        if isinstance(found, str):
            bad += 1
            print(f"refused: {found}")  # noqa: T201 - as above.
        else:
            good += 1
            if good <= given.show:
                print(MessageToJson(found, ensure_ascii=False))  # noqa: T201 - as above.
    print(f"{good} records, {bad} rows refused")  # noqa: T201 - as above.
    return 1 if bad else 0


def outcomes(adapter: MappedTable, content: bytes) -> Iterator[Record | str]:
    """Yield each row's record, or why there is none, as the bus would have it.

    Args:
        adapter: The mapping's adapter.
        content: A whole file.
    """
    validator = protovalidate.Validator()
    decoder = adapter.decoder()
    for message in [*decoder.feed(content), *decoder.close()]:
        if isinstance(message, Undecodable):
            yield message.reason
            continue
        try:
            (translated,) = adapter.translate(message)
        except Untranslatable as error:
            yield str(error)
            continue
        if wrong := impossible_record(translated.record, int(adapter.now().timestamp())):
            yield f"line {message.line}: {told(wrong)}"
            continue
        violations = validator.collect_violations(translated.record)
        yield f"line {message.line}: {describe(violations)}" if violations else translated.record
