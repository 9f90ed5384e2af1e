"""Readers: bytes of a table to rows, one for each way of writing tables."""

from adapters.mapping.readers.opening import open_reader

__all__ = ["open_reader"]
