"""Secrets lie in files, never in the city file."""

from pathlib import Path

from adapters.sdk.errors import FeedMisconfigured


def secret_of(feed: str, option: str, path: str) -> str:
    """Return the first line of a secret's file; empty when the option is.

    Raises:
        FeedMisconfigured: If it cannot be read, or holds nothing.
    """
    if not path:
        return ""
    try:
        lines = Path(path).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FeedMisconfigured(
            feed, f"{option} {path} cannot be read ({error})", "write the secret there, one line"
        ) from error
    if not lines or not lines[0].strip():
        raise FeedMisconfigured(feed, f"{option} {path} is empty", "write the secret there")
    return lines[0].strip()
