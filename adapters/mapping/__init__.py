"""Tables without Python: a mapping file says which column is which field of a record."""

from adapters.mapping.adapter import MappedTable, MappingOptions
from adapters.mapping.row import Row

__all__ = ["MappedTable", "MappingOptions", "Row"]
