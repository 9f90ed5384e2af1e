"""Become another program, which the kernel ends when the parent ends.

Run by its path with the parent's process id, the program and its arguments. It is a process of
its own because the parent may have threads: what a fork of it runs before the program, also the
handlers that libraries leave there, could find a lock held for ever, or give up.
"""

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Become the program; end at once if the parent has ended already."""
    parent, program, *arguments = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execv(program, [program, *arguments])  # noqa: S606 - the parent names it, no shell


if __name__ == "__main__":
    main()
