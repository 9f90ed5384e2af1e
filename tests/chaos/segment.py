"""A server on a network of its own, from which packets can vanish while connections stay."""

import asyncio
import os
import subprocess
from types import TracebackType
from typing import Self

import pytest

# Nobody has it: what is sent to it is lost without a word.
_NOBODY = "02:00:00:00:00:01"


class Segment:
    """A namespace of the kernel with one end of a cable in it; the other is here.

    Use it as ``async with Segment() as segment``; a test is skipped where that is not allowed.

    Attributes:
        near: The address at this end.
        far: The address in the namespace.
    """

    def __init__(self) -> None:
        number = os.getpid() % 0x4000
        self._name, self._here, self._there = (f"lt{kind}{number:x}" for kind in "nht")
        # RFC 3927: of this link only.
        third, fourth = divmod(number * 4, 256)
        self.near, self.far = (f"169.254.{third}.{fourth + end}" for end in (1, 2))

    @property
    def within(self) -> tuple[str, ...]:
        """Return the words that run a command in the namespace."""
        return ("ip", "netns", "exec", self._name)

    async def __aenter__(self) -> Self:
        try:
            await self._ip("netns", "add", self._name)
            await self._ip(
                *("link", "add", self._here, "type", "veth"),
                *("peer", "name", self._there, "netns", self._name),
            )
            for at, link, address in self._ends:
                await self._ip(*at, "addr", "add", f"{address}/30", "dev", link)
                await self._ip(*at, "link", "set", link, "up")
            await self._ip("-n", self._name, "link", "set", "lo", "up")
        except (OSError, subprocess.CalledProcessError) as error:
            await self._remove()
            pytest.skip(f"no network of a server's own can be made here: {error}")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._remove()

    async def vanish(self) -> None:
        """Let every packet vanish, both ways; connections stay."""
        for (at, link, _), other in zip(self._ends, (self.far, self.near), strict=True):
            await self._ip(
                *(*at, "neigh", "replace", other, "lladdr", _NOBODY),
                *("dev", link, "nud", "permanent"),
            )

    async def mend(self) -> None:
        """Let packets through again."""
        for (at, link, _), other in zip(self._ends, (self.far, self.near), strict=True):
            await self._ip(*at, "neigh", "del", other, "dev", link)

    @property
    def _ends(self) -> tuple[tuple[tuple[str, ...], str, str], ...]:
        """Return where each end of the cable is, its name, and its address."""
        return ((), self._here, self.near), (("-n", self._name), self._there, self.far)

    async def _remove(self) -> None:
        """Remove the namespace, and the cable with it; there may be none."""
        process = await asyncio.create_subprocess_exec(
            *("ip", "netns", "del", self._name), stderr=asyncio.subprocess.DEVNULL
        )
        await process.wait()

    async def _ip(self, *words: str) -> None:
        """Run `ip`.

        Raises:
            CalledProcessError: If it refuses.
        """
        process = await asyncio.create_subprocess_exec("ip", *words, stderr=asyncio.subprocess.PIPE)
        _, said = await process.communicate()
        if process.returncode:
            raise subprocess.CalledProcessError(
                process.returncode, f"ip {' '.join(words)}: {said!r}"
            )
