"""The command that runs an adapter over sample files, without a bus."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.sdk.registry import adapter_names, adapter_of
from adapters.testing.accounting import Gap, NotInTheData, gaps_of
from adapters.testing.coverage import Coverage
from adapters.testing.trial import Trial, Tried, trial_of
from ops import logs
from ops.city import read_city
from ops.failure import USAGE, Failure
from ops.files import read_file
from ops.options import CITY, CityOption, JsonOption
from ops.trial_report import Count, ForPeople, ForPrograms

_CHUNK = 1 << 16


def adapter_check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Samples of the format.")],
    adapter: Annotated[str, typer.Option("--adapter", help="<agency>/<format>.")] = "",
    feed: Annotated[str, typer.Option("--feed", help="Instead: a feed of the city file.")] = "",
    city: CityOption = CITY,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="key=value, as [feed.options] has it.")
    ] = None,
    *,
    show: Annotated[int, typer.Option("--show", min=0, help="Messages shown of each file.")] = 20,
    as_hex: Annotated[
        bool, typer.Option("--hex", help="Files hold a frame a line in hex.")
    ] = False,
    allow_refused: Annotated[
        bool, typer.Option("--allow-refused", help="Refused messages are no failure.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what an adapter makes of sample files: each message beside its record."""
    # Samples are shown whole, so nothing is to be kept from whoever looks for a fault.
    logs.configure("error", tells_all=True)
    trial = _trial(adapter, feed, city, option or [])
    count, coverage = Count(), Coverage()
    report = ForPrograms() if as_json else ForPeople(trial.adapter.zone, show)
    for file in files:
        chunks = _chunks(file, as_hex=as_hex)
        tried = trial.run(*chunks)
        for one in tried:
            count.add(one)
            coverage.add(one.records)
        report.file(file, tried, _gaps(b"".join(chunks), tried))
    report.end(count, coverage)
    if not count.messages:
        raise Failure("there is no message in these files")
    if count.faults:
        raise Failure(f"the adapter failed on {count.faults} of {count.messages} messages")
    if count.refused and not allow_refused:
        raise Failure(
            f"{count.refused} of {count.messages} messages were refused; --allow-refused allows it"
        )


def _trial(adapter: str, feed: str, city: Path, options: list[str]) -> Trial:
    """Put the adapter that was named on trial.

    Raises:
        Failure: None was named, or two.
    """
    if feed:
        if adapter or options:
            raise Failure("--feed has an adapter and options of its own", USAGE)
        return Trial(adapter_of(read_city(city).feed(feed)))
    if not adapter:
        raise Failure(f"give --feed or --adapter; there are: {', '.join(adapter_names())}", USAGE)
    return trial_of(adapter, **_options(options))


def _options(written: list[str]) -> dict[str, Any]:
    """Read ``key=value`` as TOML does; a value that is none is a text.

    Raises:
        Failure: One of them is no option.
    """
    lines = []
    for one in written:
        key, equals, value = one.partition("=")
        if not equals:
            raise Failure(f"--option {one!r} is not key=value", USAGE)
        lines.append(f"{key}={value}" if _is_value(value) else f"{key}={_quoted(value)}")
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        raise Failure(f"the options {lines} cannot be read: {error}", USAGE) from error


def _is_value(text: str) -> bool:
    """Tell whether a text is a value in TOML."""
    try:
        tomllib.loads(f"value={text}")
    except tomllib.TOMLDecodeError:
        return False
    return True


def _quoted(text: str) -> str:
    """Return a text as a value in TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _chunks(file: Path, *, as_hex: bool) -> list[bytes]:
    """Return a file's bytes as they come, or those that its lines write in hexadecimal.

    Raises:
        Failure: It cannot be read, or a line is no hexadecimal.
    """
    content = read_file(file)
    if not as_hex:
        return [content[at : at + _CHUNK] for at in range(0, len(content), _CHUNK)]
    chunks = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            chunks.append(bytes.fromhex(line.decode("ascii")))
        except ValueError as error:
            raise Failure(f"{file}, line {number} is no hexadecimal: {error}") from error
    return chunks


def _gaps(data: bytes, tried: list[Tried]) -> list[Gap] | None:
    """Return what stands in no message; None: that cannot be told."""
    try:
        return gaps_of(data, [one.raw for one in tried])
    except NotInTheData:
        # A message joined from packets that others stood between.
        return None
