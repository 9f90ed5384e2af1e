"""Files are cut into rows, one unit each, and a bad one spoils no other."""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.police.incident_csv import IncidentCsv, IncidentRow
from adapters.sdk.message import Undecodable
from adapters.sdk.tables.rows import MAX_ROW_LINES, CutRow, RowCutter

Make = Callable[..., IncidentCsv]

HEADER = "接警编号,报警时间,事件类型,地址\n"
GOOD = "A1,2026-07-01 20:00,火灾,玄武区北京东路\n"


def _decode(adapter: IncidentCsv, *pieces: bytes) -> list[IncidentRow | Undecodable]:
    """Decode a file that comes in pieces."""
    decoder = adapter.decoder()
    found = [row for piece in pieces for row in decoder.feed(piece)]
    return found + decoder.close()


def _cut(data: bytes, size: int, limit: int) -> list[CutRow]:
    """Cut a file that comes in pieces of one size."""
    cutter = RowCutter(b",", limit)
    rows = [row for at in range(0, len(data), size) for row in cutter.feed(data[at : at + size])]
    return [*rows, *cutter.close()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_keep_their_exact_bytes(make: Make, encoding: str, end: str) -> None:
    """The encoding is found out; raw is the row without its line end."""
    file = (HEADER + GOOD + GOOD.rstrip()).replace("\n", end).encode(encoding)

    rows = _decode(make(), file)

    good = GOOD.rstrip().encode(encoding.removesuffix("-sig"))
    assert [row.raw for row in rows] == [good, good]
    assert isinstance(rows[0], IncidentRow)
    assert rows[0].get("address") == "玄武区北京东路"


def test_a_quoted_field_may_span_lines(make: Make) -> None:
    """Addresses with commas and line ends in them are one field."""
    row = 'A1,2026-07-01 20:00,"火灾, ""大""","玄武区\n北京东路"'

    (found,) = _decode(make(), (HEADER + row + "\n").encode())

    assert isinstance(found, IncidentRow)
    assert found.raw == row.encode()
    assert (found.get("type"), found.get("address")) == ('火灾, "大"', "玄武区\n北京东路")


@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        (b"A2,2026-07-01 20:00,X", "columns"),
        (b"A2,2026-07-01 20:00,X,Y,Z", "columns"),
        (b"A2,2026-07-01 20:00,X,\xff\xff", "encoding"),
        (b'A2,2026-07-01 20:00,X,"never closed', "quote"),
        (b"A2,2026-07-01 20:00,X," + b"y" * 200, "oversize"),
    ],
)
def test_a_bad_row_goes_alone(make: Make, bad: bytes, cause: str) -> None:
    """The rows before and after it are read."""
    file = (HEADER + GOOD).encode() + bad + b"\n" + GOOD.encode()

    before, found, after = _decode(make(max_row_bytes=200), file)

    assert isinstance(found, Undecodable)
    assert (found.cause, found.raw) == (cause, bad[:200])
    assert "expected" in found.reason
    assert before.raw == after.raw == GOOD.rstrip().encode()


def test_a_quote_left_open_is_given_up_after_some_lines() -> None:
    """One stray mark does not swallow the file."""
    data = b'a,"b\n' + b"c,d\n" * MAX_ROW_LINES

    rows = _cut(data, 7, 1 << 16)

    assert [row.problem for row in rows] == ["quote"] + [""] * MAX_ROW_LINES


def test_blank_rows_hold_nothing(make: Make) -> None:
    """Spreadsheets add rows of commas at the end."""
    file = "\n" + HEADER + "\n" + GOOD + ",,,\n  \n"

    assert len(_decode(make(), file.encode())) == 1


def test_a_header_that_does_not_fit_refuses_every_row(make: Make) -> None:
    """Nothing is lost: the rows wait in quarantine, with the columns that there are."""
    header, row = _decode(make(), b"id,when\n1,2026-07-01 20:00\n")

    assert isinstance(header, Undecodable)
    assert isinstance(row, Undecodable)
    assert header.cause == row.cause == "header"
    assert "available columns: id, when" in header.reason


def test_a_configured_column_must_be_in_the_header(make: Make) -> None:
    """The missing column is named."""
    found = _decode(make(fields={"reported_at": "when", "number": "no"}), b"id,when\n")[0]

    assert isinstance(found, Undecodable)
    assert "there is no column 'no'" in found.reason


def test_columns_may_be_configured_in_place_of_a_header(make: Make) -> None:
    """A header that is there all the same is no row."""
    adapter = make(columns=["id", "when"], fields={"number": "id", "reported_at": "when"})

    bare = _decode(adapter, b"1,2026-07-01 20:00\n")
    headed = _decode(adapter, b"id,when\n1,2026-07-01 20:00\n")

    assert [row.raw for row in bare] == [row.raw for row in headed]


def test_a_file_has_one_encoding(make: Make) -> None:
    """A damaged UTF-8 row is not taken for one in GB 18030."""
    damaged = "A2,2026-07-01 20:00,火灾,玄武".encode()[:-1]

    _, found = _decode(make(), (HEADER + GOOD).encode(), damaged)

    assert isinstance(found, Undecodable)
    assert found.cause == "encoding"


@given(st.text('a",\n\r', max_size=40).filter(lambda text: "\r" not in text))
def test_rows_are_cut_as_the_csv_module_reads_them(text: str) -> None:
    """Cutting bytes and parsing text agree on where a row ends."""
    rows = _cut(text.encode(), 1000, 1 << 16)
    if not any(row.problem for row in rows):
        cut = [next(csv.reader([row.raw.decode()]), []) for row in rows]

        assert cut == list(csv.reader(io.StringIO(text, newline="")))


@given(st.text('a",\n\r', max_size=60), st.integers(1, 7))
def test_how_bytes_arrive_changes_nothing(text: str, size: int) -> None:
    """Also where rows are too long or quotes stay open."""
    data = text.encode()

    assert _cut(data, size, 9) == _cut(data, 1000, 9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(1, 50))
def test_any_bytes_become_rows_or_are_refused(make: Make, data: bytes, size: int) -> None:
    """The decoder never raises, and how bytes arrive changes nothing."""
    adapter = make(columns=["a", "b"], fields={"reported_at": "a", "type": "b"})

    pieces = _decode(adapter, *(data[at : at + size] for at in range(0, len(data), size)))

    assert [_key(row) for row in pieces] == [_key(row) for row in _decode(adapter, data)]


def _key(row: IncidentRow | Undecodable) -> tuple[object, ...]:
    """Return what tells a decoded row from another."""
    return (row.raw, row.values) if isinstance(row, IncidentRow) else (row.raw, row.cause)
