"""Files that a person names on the command line."""

from pathlib import Path

from ops.failure import Failure


def read_file(file: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        Failure: If it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}") from error
