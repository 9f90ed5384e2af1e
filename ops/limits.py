"""What the system lets a process hold."""

import resource


def allow_connections() -> None:
    """Let this process hold as many connections as the system allows it at all.

    Most systems begin with 1,024 open files, fewer than a city has stations; the most
    that may be asked for without being root is far more.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
