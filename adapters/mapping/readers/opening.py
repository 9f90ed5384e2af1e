"""Open the reader that a mapping's format asks for."""

from adapters.mapping.readers.delimited import DelimitedReader
from adapters.mapping.readers.fixed_width import FixedWidthReader
from adapters.mapping.readers.json_document import JsonDocumentReader
from adapters.mapping.readers.json_lines import JsonLinesReader
from adapters.mapping.readers.xml_document import XmlDocumentReader
from adapters.mapping.row import RowReader
from adapters.mapping.schema import Csv, FixedWidth, Json, Mapping, Xml
from adapters.sdk.text import Encoding


def open_reader(mapping: Mapping, columns: tuple[str, ...]) -> RowReader:
    """Return a reader for one file.

    Args:
        mapping: The mapping.
        columns: The columns to read, in the order that rows have them.
    """
    encoding: Encoding | None = None if mapping.encoding == "auto" else mapping.encoding
    form = mapping.format
    if isinstance(form, Csv):
        return DelimitedReader(form, encoding, columns)
    if isinstance(form, FixedWidth):
        return FixedWidthReader(form, encoding, columns)
    if isinstance(form, Json):
        return JsonDocumentReader(form, encoding, columns)
    if isinstance(form, Xml):
        return XmlDocumentReader(form, encoding, columns)
    return JsonLinesReader(form, encoding, columns)
