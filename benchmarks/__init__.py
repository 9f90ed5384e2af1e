"""Measured claims: each prints a ratio to the bare-library ceiling measured in the same run."""

import os

# The benchmarks start processes while gRPC runs; its fork handlers would only complain.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
