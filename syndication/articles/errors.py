"""What goes wrong with an article's source; the message says what, where and what to do."""

from syndication.errors import BadInput


class BadSource(BadInput):
    """A file, page or text that cannot become an article."""
