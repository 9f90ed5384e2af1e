"""A rainy evening in Nanjing, played through the adapters' real sockets and folders."""

from ops.demo.play import play_evening

__all__ = ["play_evening"]
