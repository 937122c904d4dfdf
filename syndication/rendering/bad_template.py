"""The error about a merge field or a template that cannot be used, with the line where it stands."""

from syndication.errors import BadInput


class BadTemplate(BadInput):
    """A merge field or a template is wrong.

    where  what was read: "title", "article", "subject"
    line   the line in it, from 1; None when the fault has no line
    """

    def __init__(self, message: str, *, where: str, line: int | None = None) -> None:
        self.where = where
        self.line = line
        self.message = message
        place = where if line is None else f"{where}, line {line}"
        super().__init__(f"{place}: {message}")
