"""What a person runs: the `liandong` command, the one-machine supervisor, the demo."""

import os

# The C core of gRPC writes lines of its own to standard error, which is for people and logs;
# it reads this when it is first imported. What it has to say also comes as an error.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
