"""What a person runs: the `liandong` command, the one-machine supervisor, the demo."""

import importlib
import os
import sys

# The C core of gRPC writes lines of its own to standard error, which is for people and logs;
# it reads this when it is first imported. What it has to say also comes as an error.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

# structlog takes rich with it, and all that colours code, to draw tracebacks; ours are plain
# (`ops.logs`), and a short command would spend most of its time on that.
if not sys.modules.keys() & {"rich", "structlog"}:
    sys.modules["rich"] = None  # type: ignore[assignment]
    importlib.import_module("structlog")
    del sys.modules["rich"]
