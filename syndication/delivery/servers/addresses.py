"""Knows a server's URL with and without its password."""

from urllib.parse import quote, unquote, urlsplit

from syndication import environment
from syndication.environment import SettingError, SmtpAddress
from syndication.errors import BadInput

LONGEST_URL = 500  # characters


class BadServer(BadInput):
    """A server's URL, name or number that cannot be used; the password is never in the message."""


def split_password(url: str) -> tuple[str, str]:
    """The URL without its password, and the password ("" when there is none).

    Raises BadServer for what environment.smtp refuses, a password without a user name, white space or control characters, or a URL too long.
    """
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise BadServer(
            f"The server's URL is longer than {LONGEST_URL} characters or has blanks or control characters in it; quote them as %20."
        )
    address_from(url)
    parts = urlsplit(url)
    if parts.password and not parts.username:
        raise BadServer("The server's URL has a password and no user name; write smtp://user:password@host:587?tls=starttls.")
    host = parts.netloc.rpartition("@")[2]
    bare = parts._replace(netloc=f"{parts.username}@{host}" if parts.username else host).geturl()
    return bare, unquote(parts.password or "")


def address_from(url: str, password: str = "") -> SmtpAddress:
    """The address of a URL as SYNDICATION_SMTP_URL is written; `password` goes into a URL that has none. Raises BadServer."""
    try:
        return environment.smtp(with_password(url, password) if password else url)
    except SettingError as error:
        raise BadServer(str(error).replace("SYNDICATION_SMTP_URL=", "The server's URL ", 1)) from error


def with_password(url: str, password: str) -> str:
    """The URL with a password after its user name; unchanged when it names no user."""
    user, at, rest = url.partition("@")
    return f"{user}:{quote(password, safe='')}@{rest}" if at else url
