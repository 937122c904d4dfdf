"""Cuts the output of children into lines for people: prefixed, without control characters, coloured on a terminal."""

from collections.abc import Iterator

LONGEST_LINE = 64 * 1024  # bytes; longer output is cut, so that no child can fill our memory
NAME_WIDTH = 7
COLOURS = {"web": 36, "mail": 32, "bulk": 35, "beat": 34, "catcher": 33, "queue": 31}  # ANSI foreground
CONTROL = dict.fromkeys((*range(9), *range(10, 32), 127, *range(128, 160)), "�") | {9: "    "}


class LineCutter:
    """Collects bytes and gives whole lines."""

    def __init__(self) -> None:
        """Start empty."""
        self._rest = b""

    def cut(self, output: bytes) -> Iterator[str]:
        """The lines that are whole now; the rest waits for more."""
        *lines, self._rest = (self._rest + output).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            yield readable(line)

    def rest(self) -> Iterator[str]:
        """The last line, when its child ended without ending it."""
        if self._rest:
            yield readable(self._rest)
        self._rest = b""


def readable(line: bytes) -> str:
    """Text without control characters: what a child writes (it may quote strangers) must not steer the terminal."""
    return line.rstrip(b"\r").decode(errors="replace").translate(CONTROL)


def prefixed(name: str, line: str, *, coloured: bool) -> str:
    """`web     | line`."""
    prefix = f"{name:<{NAME_WIDTH}} |"
    return f"\x1b[{COLOURS.get(name, 37)}m{prefix}\x1b[0m {line}" if coloured else f"{prefix} {line}"
