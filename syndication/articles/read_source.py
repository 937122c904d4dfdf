"""Reads a source from a file or a stream, never more of it than an article may have."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from syndication.articles.clean_article import Kind
from syndication.articles.decoding import LARGEST_SOURCE, refuse_size
from syndication.articles.errors import BadSource


@dataclass(frozen=True, slots=True)
class Source:
    """What was read, and from where.

    name      for messages; its ending tells the kind
    url       the address it was fetched from, or ""
    path      the absolute path it was read from, or ""
    kind, encoding  what the server said about it, when it said so
    """

    name: str
    content: bytes
    url: str = ""
    path: str = ""
    kind: Kind | None = None
    encoding: str = ""

    @property
    def place(self) -> str:
        """Where the same source is found again: URL or path; "" for standard input and forms."""
        return self.url or self.path


def read_path(path: Path) -> Source:
    """The file's content. Raises BadSource: missing, a folder or device, not readable, or too large (known before it is read)."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "no ordinary file"
            raise BadSource(f"{path} is {what}. Name one file with text, Markdown or HTML in it.")
        refuse_size(status.st_size, path.name)
        with path.open("rb") as file:
            return Source(path.name, _bounded(file, path.name), path=str(path.resolve()))
    except FileNotFoundError as error:
        raise BadSource(f"{path} does not exist. Check the spelling; a URL must start with https://.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise BadSource(f"{path} cannot be read: {reason}. Check its permissions.") from error


def read_stream(stream: BinaryIO, *, name: str = "standard input") -> Source:
    """The stream's content. Raises BadSource when it is too large; at most one byte more than the limit is read."""
    return Source(name, _bounded(stream, name))


def _bounded(stream: BinaryIO, name: str) -> bytes:
    content = b""
    while len(content) <= LARGEST_SOURCE and (piece := stream.read(LARGEST_SOURCE + 1 - len(content))):
        content += piece
    if len(content) > LARGEST_SOURCE:
        raise BadSource(
            f"{name} has more than {LARGEST_SOURCE:,} bytes, the most that an article may have. Take embedded pictures out, or split it."
        )
    return content
