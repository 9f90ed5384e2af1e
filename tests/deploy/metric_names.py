"""Which metrics an expression of PromQL names."""

import re

_NAME = re.compile(r"\bliandong_\w+")
_STRING = re.compile(r'"[^"]*"')


def named(expression: str) -> set[str]:
    """Return the metrics of ours that an expression reads."""
    return set(_NAME.findall(_STRING.sub('""', expression)))
