"""What the command says when it cannot do what was asked."""

USAGE = 2


class Failure(Exception):
    """One sentence for the person, and the exit status: `USAGE` for a wrong option."""

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status
