"""Summaries: counts and aggregates of what a caller may see, by place, kind and time."""

from gateway.summary.service import Summaries

__all__ = ["Summaries"]
