"""What tests of the console share."""

from tests.ops.console.town import chromium, lit

__all__ = ["chromium", "lit"]
