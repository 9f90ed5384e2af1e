"""Where something failed, told without what it failed on."""

from pathlib import Path


def place_of(error: Exception) -> str:
    """Return an error's type and the line that raised it, without what the message held."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    file = Path(trace.tb_frame.f_code.co_filename)
    return f"{type(error).__name__} at {file.parent.name}/{file.name}:{trace.tb_lineno}"
