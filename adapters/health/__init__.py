"""Adapters of the health department."""
