"""Writes what `up` and its children say: colours on a terminal, plain lines elsewhere, silence once nobody reads."""

import os
import sys

from rich.console import Console

from syndication.cli.log_lines import prefixed


class Screen:
    """Standard output that its reader may close at any time (`syndication up | head`, a closed terminal)."""

    def __init__(self) -> None:
        """Write to standard output."""
        self._console = Console(highlight=False)
        self._is_coloured = self._console.is_terminal and self._console.color_system is not None
        self.is_closed = False

    def say(self, words: str = "") -> None:
        """One line of our own, in rich's [bold]markup[/bold]."""
        with self._console.capture() as line:
            self._console.print(words, soft_wrap=True)
        self._write(line.get())

    def child_says(self, name: str, line: str) -> None:
        """One line of a child."""
        self._write(prefixed(name, line, coloured=self._is_coloured) + "\n")

    def _write(self, text: str) -> None:
        if self.is_closed:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:  # BrokenPipeError, or EIO of a terminal that is gone
            self.is_closed = True
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())  # so that Python's last flush finds a place
            os.close(nowhere)
