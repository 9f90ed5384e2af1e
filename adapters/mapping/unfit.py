"""A value of a row that cannot fill its field."""


class Unfit(ValueError):
    """A value cannot fill its field; the row goes to quarantine.

    Args:
        expected: What would, a clause.
        cause: A short word for programs.
        remedy: What to do about it.
        value: The value, when it is not the whole of the column.
        column: The column, when the field is filled from several.
    """

    def __init__(
        self,
        expected: str,
        cause: str = "value",
        remedy: str = "",
        *,
        value: str | None = None,
        column: str = "",
    ) -> None:
        super().__init__(expected)
        self.expected = expected
        self.cause = cause
        self.remedy = remedy
        self.value = value
        self.column = column
