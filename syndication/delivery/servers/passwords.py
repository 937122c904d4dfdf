"""Keeps and finds the password of a server: sealed in its row, in a file, or in the environment (an edge)."""

import os

from django.conf import settings

from syndication import environment
from syndication.audience.keys import token_key
from syndication.delivery.servers.addresses import BadServer, address_from
from syndication.delivery.servers.models import SmtpServer
from syndication.delivery.servers.sealing import NONCE_BYTES, seal, unseal
from syndication.environment import SettingError, SmtpAddress
from syndication.errors import SyndicationError

PURPOSE = "smtp password"
FILE, ENVIRONMENT = "file:", "env:"


class CannotOpen(SyndicationError):
    """A server's password cannot be had now; says where it was looked for and what to do."""


def sealed(password: str) -> str:
    """The password as a row keeps it; "" for none."""
    return seal(password, token_key(PURPOSE), os.urandom(NONCE_BYTES)) if password else ""


def address_of(row: SmtpServer) -> SmtpAddress:
    """The server's address with its password. Raises CannotOpen."""
    if not row.url:
        return settings.SMTP
    try:
        return address_from(row.url, _password(row))
    except BadServer as error:  # a row that an older or newer version wrote
        raise CannotOpen(str(error)) from error


def _password(row: SmtpServer) -> str:
    if row.sealed_password:
        password = unseal(row.sealed_password, token_key(PURPOSE))
        if password is None:
            raise CannotOpen(
                "its password was sealed with another secret key; remove the server and add it again, or give back the old key"
            )
        return password
    return read_reference(row.password_from) if row.password_from else ""


def read_reference(reference: str) -> str:
    """The password that "file:/path" or "env:NAME" names, read anew at each call so that it can be changed. Raises CannotOpen."""
    kind, _, where = reference.partition(":")
    name = "PASSWORD" if kind == "file" else where
    values = {"PASSWORD_FILE": where} if kind == "file" else os.environ
    try:
        found = environment.read(values, name)
    except SettingError as error:
        raise CannotOpen(f"its password cannot be read from {reference}") from error
    if not found:
        raise CannotOpen(f"its password should stand in {reference}, and there is none")
    return found
