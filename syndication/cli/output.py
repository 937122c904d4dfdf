"""How commands speak: a result as lines for people or as JSON for programs, an error as one sentence and exit code 2."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click
from django.db import DatabaseError, OperationalError

from syndication.errors import SyndicationError

REFUSED = 2  # exit code: the input or the state is wrong, nothing was done


class Spoken(click.ClickException):
    """An error that click prints as "Error: …"."""

    exit_code = REFUSED


class Speaking(click.Group):
    """A group whose commands turn our errors into "Error: …" and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; say what went wrong in a sentence."""
        try:
            return super().invoke(ctx)
        except SyndicationError as error:
            raise Spoken(str(error)) from error
        except (OperationalError, DatabaseError) as error:
            raise Spoken(_about_database(str(error).strip())) from error


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The `--json` flag, as the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(command)


def publication_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The `--publication` option, as the argument `publication`."""
    return click.option("--publication", metavar="SLUG", help="Which publication; may be left out while there is one.")(command)


def say(result: Mapping[str, Any] | list[Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Print the result once, in the form that was asked for."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=2, default=str))
        return
    for line in lines:
        click.echo(line)


def _about_database(what: str) -> str:
    if "no such table" in what or "does not exist" in what or "no such column" in what:
        return f"The tables are missing or old ({what.splitlines()[0]}). Run `syndication migrate`, then try again."
    if "locked" in what:
        return "Another process has been writing to the database for long. Nothing was half done; try again. One that hangs is ended within a minute."
    return f"The database cannot be used now: {what}. Nothing was half done; try again when it is back."
