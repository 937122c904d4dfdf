"""Writes one run of text with its links, emphasis and pictures, with single spaces and no empty elements."""

from html import escape

from syndication.articles import white_space

_BREAK = "<br>"


class InlineRun:
    """Collects the pieces of one paragraph, heading or cell; `html` and `text` give the result.

    Reading the result again and writing it again gives the same result.
    """

    def __init__(self, line: int = 1) -> None:
        self.line = line
        self._parts: list[tuple[str, str]] = []  # ("text" | "open" | "close" | "break" | "void", markup or plain text)
        self._open: list[tuple[str, int]] = []
        self._follows_space = True

    def add_text(self, text: str | None) -> None:
        """Text as it stands in the source, entities resolved."""
        mended = white_space.mend_inside(text or "")
        if self._follows_space:
            mended = mended.lstrip(" ")
        if mended:
            self._parts.append(("text", mended))
            self._follows_space = mended.endswith(" ")

    def add_void(self, markup: str) -> None:
        """An element without content, such as a picture."""
        self._parts.append(("void", markup))
        self._follows_space = False

    def add_break(self) -> None:
        """A line break; none at the start, and never more than two in a row."""
        self._trim(breaks=False)
        tail = [kind for kind, _ in self._parts if kind not in {"open", "close"}][-2:]
        if tail and tail != ["break", "break"]:
            self._parts.append(("break", _BREAK))
        self._follows_space = True

    def is_inside(self, tag: str) -> bool:
        """Is an element of this name open?"""
        return any(name == tag for name, _ in self._open)

    def open(self, tag: str, attributes: str = "") -> None:
        """Start an inline element; every `open` needs its `close`."""
        self._open.append((tag, len(self._parts)))
        self._parts.append(("open", f"<{tag}{attributes}>"))

    def close(self) -> None:
        """End the last opened element; one that holds nothing to see disappears, its spaces and line breaks stay."""
        tag, start = self._open.pop()
        inside = self._parts[start + 1 :]
        if any(kind == "void" or (kind == "text" and part.strip(" ")) for kind, part in inside):
            self._parts.append(("close", f"</{tag}>"))
        else:
            del self._parts[start]

    @property
    def html(self) -> str:
        """The run as HTML, without spaces and line breaks at its ends."""
        self._trim(breaks=True)
        return "".join(escape(part, quote=False) if kind == "text" else part for kind, part in self._parts)

    @property
    def text(self) -> str:
        """The run's words."""
        return " ".join(
            "".join(part if kind == "text" else " " for kind, part in self._parts if kind in {"text", "break"}).split(" ")
        ).strip()

    def _trim(self, *, breaks: bool) -> None:
        index = len(self._parts) - 1
        while index >= 0:
            kind, part = self._parts[index]
            if kind == "text" and part.rstrip(" "):
                self._parts[index] = (kind, part.rstrip(" "))
                return
            if kind == "void" or (kind == "break" and not breaks):
                return
            if kind in {"text", "break"}:
                del self._parts[index]
                self._open = [(tag, start - (start > index)) for tag, start in self._open]
            index -= 1
