"""The command line: `syndication …`."""

import logging

import click

import syndication.cli.boot  # noqa: F401  # first: everything below needs the settings
from syndication import __version__
from syndication.cli.articles import article
from syndication.cli.campaigns import campaign
from syndication.cli.dkim import dkim
from syndication.cli.feed_check import feeds_check
from syndication.cli.imports import subscribers
from syndication.cli.moving import article_move, article_visibility, publication_move
from syndication.cli.output import Speaking
from syndication.cli.readers import lists
from syndication.cli.sending import limit, server, warmup
from syndication.cli.suppressions import domain, suppress_command, unsuppress_command
from syndication.cli.system import backup, doctor, feeds, migrate, publication, restore, up, user
from syndication.schema import refuse_newer_tables

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 120}


@click.group(cls=Speaking, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="syndication")
@click.option("-v", "--verbose", is_flag=True, help="Say what happens behind the scenes.")
def command_line(*, verbose: bool) -> None:
    """One article in, every reader served: by email, by feed, on the web.

    Exit codes: 0 done, 1 a check failed, 2 wrong input or state (nothing was changed).
    """
    logging.getLogger().setLevel(logging.INFO if verbose else logging.ERROR)
    refuse_newer_tables()


for command in (
    up,
    migrate,
    publication,
    article,
    feeds,
    subscribers,
    suppress_command,
    unsuppress_command,
    domain,
    campaign,
    dkim,
    server,
    limit,
    warmup,
    user,
    doctor,
    backup,
    restore,
):
    command_line.add_command(command)
command_line.add_command(lists, name="list")
article.add_command(article_move)
article.add_command(article_visibility)
publication.add_command(publication_move)
feeds.add_command(feeds_check)


def main() -> None:
    """Run the command line."""
    command_line(prog_name="syndication")
