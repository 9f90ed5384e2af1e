"""What `watch` shows."""

import signal
import uuid

from rich.cells import cell_len

from tests.ops.conftest import Town, incident
from tests.ops.screens import Screen
from tests.running_city import event


def test_a_watch_shows_the_snapshot_then_each_change_until_interrupted(town: Town) -> None:
    """Events come as they happen; Ctrl-C ends the watch without noise."""
    number = uuid.uuid4().hex
    with town.start("watch", "--kind", "incident.report", "--json") as watching:
        event(watching, "SNAPSHOT")
        event(watching, "BOOKMARK")
        town.read("publish", "-", given=incident(number))
        change = event(watching, "CHANGE")
        watching.send_signal(signal.SIGINT)
        _, errors = watching.communicate()

    assert change["record"]["incident"]["number"] == number
    assert (watching.returncode, errors) == (130, "")


def test_on_a_terminal_a_watch_is_a_table_that_follows(town: Town) -> None:
    """The latest change is on top, and the table keeps within the screen."""
    number = uuid.uuid4().hex
    screen = Screen(town, 80, "watch", "--kind", "incident.report")
    screen.read_until(lambda lines: any("records as police" in line for line in lines))
    town.read("publish", "-", given=incident(number))
    screen.read_until(lambda lines: any(number in line for line in lines))
    screen.process.send_signal(signal.SIGINT)
    status = screen.read_to_end()

    assert status == 130
    assert max(map(cell_len, screen.lines)) <= 80
    assert not any("Traceback" in line or "Aborted" in line for line in screen.lines)


def test_a_closed_pipe_ends_a_watch_without_noise(town: Town) -> None:
    """`liandong watch | head -1`: the next event finds nobody, and that is no error."""
    with town.start("watch", "--kind", "incident.report") as watching:
        assert watching.stdout is not None
        line = watching.stdout.readline()
        watching.stdout.close()
        town.read("publish", "-", given=incident(uuid.uuid4().hex))
        assert watching.stderr is not None
        errors = watching.stderr.read()

    assert line.startswith("snapshot\t")
    assert errors == ""
