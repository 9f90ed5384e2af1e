"""Tables of every format are cut into rows, one unit each, and a bad one spoils no other."""

import contextlib
import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.mapping import MappedTable, Row
from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from tests.adapters.mapping.conftest import HAZARDS

Make = Callable[[str], MappedTable]

CSV = 'type = "csv"'
FORMATS = {
    "csv": CSV,
    "semicolons": 'type = "csv"\ndelimiter = ";"\nquote = "\'"\nskip_rows = 1',
    "bare": 'type = "csv"\ndelimiter = "|"\nquote = ""\ncolumns = ["编号", "时间", "描述"]',
    "fixed": (
        'type = "fixed_width"\ncolumns = { "编号" = [1, 4], "时间" = [5, 14], "描述" = [15, 24] }'
    ),
    "lines": 'type = "json_lines"',
    "rows": 'type = "rows"',
    "json": 'type = "json"\npath = "data.rows"',
    "xml": 'type = "xml"\npath = "表/行"',
}
GOOD = NUMBER, AT, WHAT = ("A001", "2025-07-01", "楼道堆物")
TABLES = {
    "csv": '编号,时间,描述,其他\r\n{0},{1},"{2}",x\r\n,,,\r\n\r\n{0},{1},{2},',
    "semicolons": "隐患台账\n编号;时间;描述\n{0};{1};'{2}'\n{0};{1};{2}\n",
    "bare": "{0}|{1}|{2}\n{0} | {1} | {2}\n",
    "fixed": "{0}{1}{2}\n\n{0}{1}{2}  \n",
    "lines": '{{"编号": "{0}", "时间": "{1}", "描述": "{2}"}}\n' * 2,
    "rows": '{{"描述": "{2}", "编号": "{0}", "时间": "{1}", "其他": 1}}\n' * 2,
    "json": '{{"code": 0, "data": {{"rows": [{0}, {0}]}}}}',
    "xml": "<?xml version='1.0'?><表 xmlns='urn:x'><题>{0}</题>{1}\n{1}</表>",
}


def _mapping(form: str, encoding: str = "auto") -> str:
    """Return a mapping of hazards in a format."""
    text = HAZARDS.replace(CSV, FORMATS[form])
    return f'encoding = "{encoding}"\n{text}'


def _table(form: str) -> str:
    """Return a table of two equal rows in a format."""
    if form == "json":
        row = json.dumps(dict(zip(("编号", "时间", "描述"), GOOD, strict=True)), ensure_ascii=False)
        return TABLES[form].format(row)
    if form == "xml":
        number, at, what = GOOD
        cells = f"<编号>{number}</编号><时间>{at}</时间><描述><![CDATA[{what}]]></描述>"
        row = f"<行 x='>'>{cells}</行>"
        return TABLES[form].format("题", row)
    return TABLES[form].format(*GOOD)


def _read(adapter: MappedTable, table: bytes, size: int = 1 << 20) -> list[Row | Undecodable]:
    """Read a table that comes in pieces of a size."""
    decoder = adapter.decoder()
    found = []
    for at in range(0, len(table), size):
        found += decoder.feed(table[at : at + size])
    return [*found, *decoder.close()]


@pytest.mark.parametrize("size", [1, 7, 100_000])
# Positions in bytes are those of one encoding, so fixed width is not tried in UTF-8.
@pytest.mark.parametrize(
    ("form", "encoding"),
    [(form, encoding) for form in FORMATS for encoding in ("gb18030", "gbk")]
    + [(form, "utf-8") for form in FORMATS if form != "fixed"],
)
def test_every_format_gives_the_same_rows(make: Make, form: str, encoding: str, size: int) -> None:
    """In every encoding, however bytes arrive; raw is the row's exact bytes."""
    table = _table(form).encode(encoding)

    rows = _read(make(_mapping(form)), table, size)

    # In the order in which the mapping names its columns.
    assert [row.values for row in rows if isinstance(row, Row)] == [(AT, NUMBER, WHAT)] * 2
    for row in rows:
        assert row.raw in table
        assert "楼道堆物".encode(encoding) in row.raw


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_table_holds_nothing(make: Make, form: str) -> None:
    """Also one of blanks."""
    adapter = make(_mapping(form))

    assert _read(adapter, b"") == []
    assert _read(adapter, b" \r\n\n") == []


@pytest.mark.parametrize(
    ("form", "bad", "cause"),
    [
        ("csv", "A2,2025-07-01", "columns"),
        ("csv", 'A2,2025-07-01,"open,', "quote"),
        ("bare", "A2|x", "columns"),
        ("lines", '{"编号": ', "json"),
        ("lines", "[1]", "json"),
        ("lines", "[" * 5000, "json"),
        ("rows", "7", "json"),
    ],
)
def test_a_bad_row_goes_alone(make: Make, form: str, bad: str, cause: str) -> None:
    """The rows before and after it are read; the reason names its line."""
    head, _, last = _table(form).rstrip().rpartition("\n")
    table = f"{head}\n{bad}\n{last}\n".encode()

    found = _read(make(_mapping(form)), table)

    refused = [one for one in found if isinstance(one, Undecodable)]
    assert len(found) - len(refused) == 2
    assert (refused[0].cause, refused[0].raw) == (cause, bad.encode())
    assert "line " in refused[0].reason


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "编号,时刻,描述",
            "no column '时间', expected one of 编号, 时刻, 描述; did you mean 时刻?",
        ),
        ("编号,时间,描述,编号", "column '编号' twice"),
    ],
)
def test_a_header_that_does_not_fit_refuses_every_row(make: Make, header: str, said: str) -> None:
    """Nothing is lost: the rows wait in quarantine, with what there is and was perhaps meant."""
    first, second = _read(make(_mapping("csv")), f"{header}\nA,2025-07-01,x\n".encode())

    assert isinstance(first, Undecodable)
    assert isinstance(second, Undecodable)
    assert first.cause == second.cause == "header"
    assert said in first.reason


def test_fixed_widths_count_characters_where_the_mapping_says(make: Make) -> None:
    """Systems that write UTF-8 pad by characters."""
    text = _mapping("fixed").replace(
        'type = "fixed_width"', 'type = "fixed_width"\ncount = "characters"'
    )

    (row,) = _read(make(text), "编号一号2025-07-01楼道堆物".encode())

    assert isinstance(row, Row)
    assert row.values == ("2025-07-01", "编号一号", "楼道堆物")


def test_a_column_that_cuts_a_character_is_refused(make: Make) -> None:
    """The column is named, and what to look at."""
    (refused,) = _read(make(_mapping("fixed")), "A01楼道堆物堆物堆物".encode("gbk"))

    assert isinstance(refused, Undecodable)
    assert "column '编号' of line 1" in refused.reason
    assert "`count`" in refused.reason


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"{}", "no 'data'"),
        (b'{"data": {"row": []}}', "did you mean row?"),
        (b'{"data": {"rows": 5}}', "at 'data.rows' is no JSON array"),
        (b'{"data": 1}', "no JSON array"),
        (b"nonsense", "no JSON array"),
        (b"\xff\xff", "expected UTF-8 or GB 18030"),
    ],
)
def test_a_document_that_is_not_as_the_mapping_says_is_refused(
    make: Make, table: bytes, said: str
) -> None:
    """Whole, with what it has instead."""
    (refused,) = _read(make(_mapping("json")), table)

    assert isinstance(refused, Undecodable)
    assert refused.raw == table
    assert said in refused.reason


def test_no_array_at_all_is_an_empty_one(make: Make) -> None:
    """That is how many services say that there are no rows."""
    assert _read(make(_mapping("json")), b'{"code": 0, "data": {"rows": null}}') == []


def test_what_a_spreadsheet_adds_to_a_table_is_passed_over(make: Make) -> None:
    """Empty columns to the right, and marks that keep digits from becoming numbers."""
    table = '编号,时间,描述\n="0012","=""2025-07-01""",堆物,,\n'

    (row,) = _read(make(_mapping("csv")), table.encode())

    assert isinstance(row, Row)
    assert sorted(row.values) == ["0012", "2025-07-01", "堆物"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("size", [1, 1000])
def test_a_table_is_read_as_spreadsheets_save_it(
    make: Make, encoding: str, end: str, size: int
) -> None:
    """Unicode text is UTF-16, and some programs end lines with a lone CR."""
    table = end.join(("编号,时间,描述", "A1,2025-07-01,堆物", "A2,2025-07-02,堵塞", ""))

    rows = _read(make(_mapping("csv")), table.encode(encoding), size)

    assert [sorted(row.values) for row in rows if isinstance(row, Row)] == [
        ["2025-07-01", "A1", "堆物"],
        ["2025-07-02", "A2", "堵塞"],
    ]


def test_a_first_word_that_is_greek_in_utf_8_is_chinese(make: Make) -> None:
    """水位 in GBK is valid UTF-8; taken for that, no row below it could be read."""
    form = 'type = "csv"\ncolumns = ["编号", "时间", "描述"]'
    table = "A1,2025-07-01,水位\nA2,2025-07-02,水位偏高\n".encode("gbk")

    rows = _read(make(HAZARDS.replace(CSV, form)), table)

    assert [row.values[-1] for row in rows if isinstance(row, Row)] == ["水位", "水位偏高"]


def test_entries_that_are_no_objects_go_alone(make: Make) -> None:
    """The others are read."""
    found = _read(make(_mapping("json")), b'{"data": {"rows": [{"x": 1}, 7, {}]}}')

    assert [type(one) for one in found] == [Row, Undecodable, Row]
    assert found[1].raw == b"7"


@pytest.mark.parametrize(
    ("table", "cause"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><表><行>&b;</行></表>', "xml_attack"),
        ('<!DOCTYPE a SYSTEM "http://attacker.example/x.dtd"><表><行/></表>', "xml_attack"),
        ("<表>" + "<行>" * 100 + "</行>" * 100 + "</表>", "xml_attack"),
        ("<表><行>" + "<a/>" * 10_001 + "</行></表>", "xml_attack"),
        ("<表><行></表>", "xml"),
        ("<表><row/></表>", "rows"),
        ("no XML", "xml"),
    ],
)
def test_xml_that_attacks_or_has_no_rows_is_refused(make: Make, table: str, cause: str) -> None:
    """Document types and entities have no place in a table."""
    (refused,) = _read(make(_mapping("xml")), table.encode())

    assert isinstance(refused, Undecodable)
    assert refused.cause == cause
    assert "expected" in refused.reason


@pytest.mark.parametrize(
    ("form", "table"),
    [
        ("xml", "<表><行><编号>A1</编号><描述>甲</描述><描述/><描述>乙</描述></行></表>"),
        ("json", '{"data": {"rows": [{"编号": "A1", "描述": ["甲", "乙"]}]}}'),
    ],
)
def test_what_a_row_says_several_times_is_a_list(make: Make, form: str, table: str) -> None:
    """The second is not dropped: a list takes both, and a number refuses them."""
    (row,) = _read(make(_mapping(form)), table.encode())

    assert isinstance(row, Row)
    assert "甲,乙" in row.values


def test_xml_rows_keep_their_exact_bytes(make: Make) -> None:
    """Also where a tag ends itself, or has its end in an attribute."""
    rows = ["<行 编号='a>b' />", '<ns:行 编号="A"><时间>t</时间></ns:行 >']
    table = f"<ns:表 xmlns:ns='urn:x'>{rows[0]}  {rows[1]}</ns:表>"

    text = _mapping("xml").replace('number = "编号"', 'number = "@编号"')

    found = _read(make(text), table.encode())

    assert [row.raw.decode() for row in found] == rows
    assert [row.values[1] for row in found if isinstance(row, Row)] == ["a>b", "A"]


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_document_beyond_the_limit_is_refused(make: Make, form: str) -> None:
    """Memory is bounded whatever is sent."""
    text = _mapping(form).replace('path = "', 'max_document_bytes = 100\npath = "')

    (refused,) = _read(make(text), _table(form).encode() + b" " * 100, 10)

    assert isinstance(refused, Undecodable)
    assert (refused.cause, len(refused.raw)) == ("oversize", 100)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(FORMATS)),
    st.binary(max_size=60),
    st.integers(0, 150),
    st.integers(0, 30),
    st.integers(1, 40),
)
def test_any_bytes_become_rows_or_are_refused(  # noqa: PLR0917
    make: Make, form: str, noise: bytes, at: int, cut: int, size: int
) -> None:
    """A reader never raises, and how bytes arrive changes nothing."""
    adapter = make(_mapping(form))
    good = _table(form).encode("gb18030")
    damaged = good[:at] + noise + good[at + cut :]

    assert _read(adapter, damaged, size) == _read(adapter, damaged)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(FORMATS)), st.text(max_size=30), st.integers(0, 150))
def test_damaged_tables_raise_nothing_but_their_own_error(
    make: Make, form: str, noise: str, at: int
) -> None:
    """Whatever is wrong with a row, it becomes a record or goes to quarantine."""
    adapter = make(_mapping(form))
    table = _table(form)
    damaged = (table[:at] + noise + table[at:]).encode("utf-8", "surrogatepass")

    for row in _read(adapter, damaged):
        if isinstance(row, Row):
            with contextlib.suppress(Untranslatable):
                assert list(adapter.translate(row))


def test_a_header_read_in_another_encoding_than_its_own_says_so(make: Make) -> None:
    """What GB 18030 makes of UTF-8 is no list of columns for anybody to choose from."""
    decoder = make(_mapping("csv", "gb18030")).decoder()

    (refused, *_) = decoder.feed("编号,时间,描述,其他\n".encode())

    assert isinstance(refused, Undecodable)
    assert "the file is UTF-8, where it is '编号,时间,描述,其他'" in refused.reason
    assert "encoding = 'utf-8'" in refused.reason


def test_bytes_that_only_another_encoding_can_say_name_it(make: Make) -> None:
    """An odd number of bytes of UTF-8 is no GB 18030 at all."""
    decoder = make(_mapping("csv", "gb18030")).decoder()

    (refused,) = decoder.feed("编号,时间,描\n".encode())

    assert isinstance(refused, Undecodable)
    assert "they are UTF-8, '编号,时间,描': name that encoding" in refused.reason


def test_a_workbook_is_refused_once_with_what_to_do(make: Make) -> None:
    """It is put where a table of text was expected: saying so once is enough."""
    decoder = make(HAZARDS).decoder()

    found = [*decoder.feed(b"PK\x03\x04" + b"\n\x00," * 100), *decoder.close()]

    (refused,) = found
    assert isinstance(refused, Undecodable)
    assert "save it as CSV" in refused.reason


def test_a_single_object_where_an_array_was_expected_is_one_row(make: Make) -> None:
    """What turns XML into JSON makes an array of several alone."""
    number, at, what = GOOD
    row = json.dumps({"编号": number, "时间": at, "描述": what})

    decoder = make(_mapping("json")).decoder()
    decoder.feed(f'{{"data": {{"rows": {row}}}}}'.encode())

    (found,) = decoder.close()
    assert isinstance(found, Row)
    assert found.raw == row.encode()


@pytest.mark.parametrize(("document", "is_refused"), [("<表/>", False), ("<页/>", True)])
def test_xml_that_holds_no_row_says_that_there_is_none(
    make: Make,
    document: str,
    is_refused: bool,
) -> None:
    """Where what would hold the rows is there; else the mapping speaks of another document."""
    decoder = make(_mapping("xml")).decoder()

    decoder.feed(document.encode())

    assert bool(decoder.close()) == is_refused
