"""What `play` refuses, and how it cuts and sends."""

import asyncio
import threading
from pathlib import Path

import pytest

from ops.failure import Failure
from ops.playing import play


@pytest.mark.parametrize(
    ("form", "content", "to", "said"),
    [
        ("morse", b"x", "tcp://127.0.0.1:1", "there is no format 'morse'; there are: hj212"),
        ("raw", None, "tcp://127.0.0.1:1", "cannot be read"),
        ("raw", b"x", "udp://127.0.0.1:1", "expected tcp://host:port or drop:folder"),
        ("raw", b"x", "tcp://127.0.0.1:77777", "expected tcp://host:port or drop:folder"),
        ("raw", b"x", "tcp://127.0.0.1:1", "is the feed running?"),
        ("sl651", b"7e7e\nxy\n", "tcp://127.0.0.1:1", "line 2 is no hexadecimal"),
        ("raw", b"x", "drop:/proc/none", "cannot be put into /proc/none"),
        ("raw", None, "drop:.", "cannot be put into ."),
    ],
)
def test_what_cannot_be_played_is_told(
    tmp_path: Path, form: str, content: bytes | None, to: str, said: str
) -> None:
    """One sentence, whatever the reason."""
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(Failure) as caught:
        play(form, file, to)

    assert said in str(caught.value)


class Echo:
    """A server that answers every byte, and reads only what it could answer."""

    def __init__(self) -> None:
        self.port = 0
        self.received = b""
        self._started = threading.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1 << 16):
            self.received += chunk
            writer.write(chunk)
            await writer.drain()
        writer.close()
        self._done.set()

    async def run(self) -> None:
        """Serve one connection."""
        self._done = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            self.port = server.sockets[0].getsockname()[1]
            self._started.set()
            await self._done.wait()

    def wait(self) -> None:
        """Wait until it listens."""
        assert self._started.wait(10)


def test_answers_are_read_while_frames_are_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """More than all buffers hold goes both ways, and nothing waits for ever."""
    file = tmp_path / "frames"
    file.write_bytes(b"7e" * 4_000_000 + b"\n" + b"0d 0a\n")
    echo = Echo()
    serving = threading.Thread(target=lambda: asyncio.run(echo.run()))
    serving.start()
    echo.wait()
    play("hex", file, f"tcp://127.0.0.1:{echo.port}", as_json=True)
    serving.join()

    assert echo.received == b"\x7e" * 4_000_000 + b"\r\n"
    assert capsys.readouterr().out.endswith('7e 0d 0a", "closed": true}\n')
