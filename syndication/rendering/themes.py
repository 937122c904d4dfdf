"""Reads the files of an email theme: one folder with body.mjml, text.txt, subject.txt and sample.json."""

from pathlib import Path

from syndication.errors import NotFound
from syndication.rendering.email import ThemeSources


def load_theme(folder: Path) -> ThemeSources:
    """The sources of a theme folder. Raises NotFound naming the file that is missing."""
    return ThemeSources(
        mjml=_read(folder / "body.mjml"),
        text=_read(folder / "text.txt"),
        subject=_read(folder / "subject.txt").strip(),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotFound(f"The email theme lacks {path} ({error.strerror}). Put the file there, or choose another theme.") from error
