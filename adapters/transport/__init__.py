"""Adapters of the transport department."""
