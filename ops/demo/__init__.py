"""A rainy evening in Nanjing, played through the adapters' real sockets and folders."""

from ops.demo.play import missing, play_evening

__all__ = ["missing", "play_evening"]
