"""What a person runs: the `liandong` command, the one-machine supervisor, the demo."""
