"""Formats of the transport department."""
