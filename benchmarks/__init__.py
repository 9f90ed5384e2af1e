"""Measured claims: each prints its figure, the bare library's ceiling in the same run, and the ratio."""
