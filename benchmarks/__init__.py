"""Measured claims, each beside the bare library's ceiling in the same run."""
