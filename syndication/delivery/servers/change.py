"""Adds, pauses and removes servers."""

import re
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from syndication.articles.models import Publication
from syndication.delivery.servers.addresses import BadServer, address_from, split_password
from syndication.delivery.servers.models import LARGEST_WEIGHT, MOST_CONNECTIONS, USUAL_CONNECTIONS, SmtpServer
from syndication.delivery.servers.passwords import ENVIRONMENT, FILE, sealed
from syndication.delivery.servers.routing import ENVIRONMENT_NAME
from syndication.errors import NotFound, Refused

LONGEST_REFERENCE = 500  # characters
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True, slots=True)
class Wish:
    """A server as a person asks for it.

    url            as SYNDICATION_SMTP_URL, with or without a password
    name           letters, digits, dots, dashes; "": the host's name
    weight         its share beside the others, 0 (only while all others are away) to LARGEST_WEIGHT
    publication    None: every publication that has no server of its own
    connections    at once, 1 to MOST_CONNECTIONS
    password_from  "file:/path" or "env:NAME" instead of a password in the URL
    """

    url: str
    name: str = ""
    weight: int = 1
    publication: Publication | None = None
    connections: int = USUAL_CONNECTIONS
    password_from: str = ""


def add(wish: Wish) -> SmtpServer:
    """A new server that is used from now on. Raises BadServer, or Refused when the name is taken."""
    url, password = split_password(wish.url.strip())
    name = wish.name or address_from(url).host
    _check(wish, url, name, has_password=bool(password))
    row = SmtpServer(name=name, url=url, weight=wish.weight, publication=wish.publication, max_connections=wish.connections)
    row.sealed_password, row.password_from = sealed(password), wish.password_from
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(f"A server is called {name} already; choose another --name, or remove the old one.") from error
    return row


def _check(wish: Wish, url: str, name: str, *, has_password: bool) -> None:
    if not NAME.fullmatch(name) or name == ENVIRONMENT_NAME:
        raise BadServer(f"{name[:80]!r} cannot be a server's name: use letters, digits, dots and dashes, and not {ENVIRONMENT_NAME!r}.")
    if not 0 <= wish.weight <= LARGEST_WEIGHT:
        raise BadServer(f"A weight is from 0 to {LARGEST_WEIGHT}, not {wish.weight}.")
    if not 1 <= wish.connections <= MOST_CONNECTIONS:
        raise BadServer(f"A server takes from 1 to {MOST_CONNECTIONS} connections, not {wish.connections}.")
    if wish.password_from:
        _check_reference(wish.password_from, url, has_password=has_password)


def _check_reference(reference: str, url: str, *, has_password: bool) -> None:
    if has_password:
        raise BadServer("The password is given twice: in the URL and as a file or variable. Keep one of the two.")
    if "@" not in url:
        raise BadServer("A password needs a user name in the URL: smtp://user@host:587?tls=starttls.")
    is_path = reference.startswith(f"{FILE}/")
    is_name = reference.startswith(ENVIRONMENT) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", reference.removeprefix(ENVIRONMENT))
    if not (is_path or is_name) or len(reference) > LONGEST_REFERENCE:
        raise BadServer(f"{reference[:80]!r} names no place of a password; give an absolute path or the name of an environment variable.")


def server_named(name: str) -> SmtpServer:
    """The server of that name; "default" is the one of SYNDICATION_SMTP_URL. Raises NotFound."""
    row = SmtpServer.objects.select_related("publication").filter(name=name).first()
    if row is None and name == ENVIRONMENT_NAME:
        return SmtpServer(name=ENVIRONMENT_NAME)
    if row is None:
        known = ", ".join(SmtpServer.objects.exclude(url="").order_by("name").values_list("name", flat=True)[:20])
        raise NotFound(f"No server is called {name[:80]!r}. There are: {known or 'none'}, and {ENVIRONMENT_NAME} for SYNDICATION_SMTP_URL.")
    return row


def pause(name: str) -> SmtpServer:
    """Use a server no more until it is resumed; what is at its wire is finished. Raises NotFound."""
    return _change(name, is_active=False)


def resume(name: str) -> SmtpServer:
    """Use a server again, and at once, even if it rested. Raises NotFound."""
    return _change(name, is_active=True, away_until=None, away_because="", times_away=0)


def _change(name: str, **columns: object) -> SmtpServer:
    row = server_named(name)
    if not row.url:
        row = SmtpServer.objects.get_or_create(url="", defaults={"name": ENVIRONMENT_NAME})[0]
    SmtpServer.objects.filter(pk=row.pk).update(**columns)
    row.refresh_from_db()
    return row


def remove(name: str) -> None:
    """Forget a server and its password. Raises NotFound, or Refused for the one of the environment."""
    row = server_named(name)
    if not row.url:
        raise Refused(f"{ENVIRONMENT_NAME} is the server of SYNDICATION_SMTP_URL: change that setting, or pause the server.")
    row.delete()


def all_servers() -> list[SmtpServer]:
    """Every server in the order of their making, the one of the environment last."""
    rows = list(SmtpServer.objects.select_related("publication").exclude(url="").order_by("pk"))
    return [*rows, server_named(ENVIRONMENT_NAME)]
