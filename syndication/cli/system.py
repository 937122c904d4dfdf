"""The commands about the installation: up, migrate, publications, feeds, staff, doctor, backup and restore."""

from pathlib import Path

import click
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from syndication.articles.establish import Brand, establish
from syndication.articles.models import Publication
from syndication.articles.search.index import index_missing
from syndication.audience.addresses import normalise
from syndication.campaigns.models import User
from syndication.cli import backups, examine
from syndication.cli.output import json_option, say
from syndication.cli.sample import prepare
from syndication.cli.up import up as bring_up
from syndication.cli.which import chosen_publication, mail_domain
from syndication.delivery.ledger.doubt_policy import doubt_policy, set_doubt_policy
from syndication.delivery.models import Mailing
from syndication.delivery.states import Doubt
from syndication.feeds.publishing import old_folders
from syndication.feeds.publishing.publish import publish_all
from syndication.web.accounts import sign_in_link

LAST_PORT = 65535


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, LAST_PORT))
@click.option("--no-sample", is_flag=True, help="Start without the sample publication.")
@click.option("--open", "open_browser", is_flag=True, help="Open the studio in a browser.")
@click.pass_context
def up(ctx: click.Context, port: int, *, no_sample: bool, open_browser: bool) -> None:
    """Run everything on this machine: queue, workers, beat, web, mail catcher. Ctrl-C stops all."""
    ctx.exit(bring_up(port=port, open_browser=open_browser, prepare=lambda: prepare(with_sample=not no_sample, now=timezone.now())))


@click.command()
def migrate() -> None:
    """Make or upgrade the tables."""
    call_command("migrate", verbosity=0, interactive=False)
    while index_missing():  # articles of before the search
        pass
    click.echo("The tables are up to date.")


@click.group()
def publication() -> None:
    """The brands that are published here."""


@publication.command(name="create")
@click.argument("slug")
@click.option("--name", default="")
@click.option("--sender", default="", metavar="ADDRESS", help="The From address.")
@click.option("--zone", default="UTC", show_default=True)
@click.option("--language", default="en", show_default=True)
@json_option
def publication_create(slug: str, name: str, sender: str, *, as_json: bool, **rest: str) -> None:
    """Make a publication."""
    address = normalise(sender) if sender else f"newsletter@{mail_domain()}"
    made = establish(Brand(slug, address, name=name, time_zone=rest["zone"], language=rest["language"]))
    say({"slug": made.slug, "name": made.name}, [f"Made the publication {made.slug!r}, sending as {made.sender_address}."], as_json=as_json)


@publication.command(name="list")
@json_option
def publication_list(*, as_json: bool) -> None:
    """Show all publications."""
    found = [{"slug": one.slug, "name": one.name, "sender": one.sender_address} for one in Publication.objects.order_by("slug")]
    say(found, [f"{one['slug']}: {one['name']} <{one['sender']}>" for one in found] or ["No publication yet."], as_json=as_json)


@publication.command(name="doubt")
@click.argument("slug")
@click.option("--campaigns", type=click.Choice([one.value for one in Doubt]), help="hold (unless told otherwise): never sent twice.")
@click.option("--confirmations", type=click.Choice([one.value for one in Doubt]), help="retry (unless told otherwise): never lost.")
@json_option
def publication_doubt(slug: str, campaigns: str | None, confirmations: str | None, *, as_json: bool) -> None:
    """Show or set what becomes of messages of which nobody can know whether the server took them."""
    found = chosen_publication(slug)
    for kind, asked in ((Mailing.Kind.CAMPAIGN, campaigns), (Mailing.Kind.CONFIRMATION, confirmations)):
        if asked:
            set_doubt_policy(found.pk, kind, Doubt(asked))
    now = {kind.value: doubt_policy(found.pk, kind).value for kind in Mailing.Kind}
    words = {"hold": "held for a person to decide", "retry": "sent once more, with the same Message-ID"}
    say(now, [f"{kind}s in doubt are {words[policy]}." for kind, policy in now.items()], as_json=as_json)


@click.group()
def feeds() -> None:
    """RSS, Atom and JSON Feed."""


@feeds.command(name="publish")
@json_option
@click.pass_context
def feeds_publish(ctx: click.Context, *, as_json: bool) -> None:
    """Rebuild all that is published."""
    found = [publish_all(one.pk, now=timezone.now()) for one in Publication.objects.order_by("slug")]
    old_folders.close_deleted()
    result = [
        {
            "publication": one.slug,
            "entries": one.entries,
            "written": one.written,
            "changed": one.changed,
            "left_out": [{"slug": left.slug, "why": left.why} for left in one.left_out.values()],
            "refused": [{"folder": refused.folder, "why": refused.why} for refused in one.refused],
        }
        for one in found
    ]
    lines = [
        f"{one.slug}: {one.entries} entries; {one.written} feeds and archives, {len(one.changed)} changed, in {settings.FEEDS / one.slug}"
        for one in found
    ]
    lines += [f"  left out {left.slug}: {left.why}" for one in found for left in one.left_out.values()]
    lines += [f"  {refused.why}" for one in found for refused in one.refused]
    say(result, lines or ["No publication yet."], as_json=as_json)
    ctx.exit(1 if any(one.refused for one in found) else 0)


@click.group()
def user() -> None:
    """The accounts of staff."""


@user.command(name="create")
@click.argument("address")
@click.option("--role", type=click.Choice(User.Role.values), default=User.Role.OWNER.value, show_default=True)
@click.option("--name", default="")
@json_option
def user_create(address: str, role: str, name: str, *, as_json: bool) -> None:
    """Make an account, or meet one again, and print a one-time sign-in link."""
    known_as = normalise(address)
    found = User.objects.filter(email=known_as).first()
    account = found or User.objects.create_user(known_as, role=role, name=name)
    link = sign_in_link(account)
    minutes = settings.PASSWORD_RESET_TIMEOUT // 60
    head = f"{account.email} exists already as {account.role}." if found else f"Made the account {account.email} ({account.role})."
    result = {"email": account.email, "role": account.role, "link": link, "new": found is None}
    say(result, [head, f"Sign in once, within {minutes} minutes: {link}"], as_json=as_json)


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Look at every part and say what is wrong and what to do; exit code 1 when something is broken."""
    findings = examine.examine(now=timezone.now())
    result = [{"what": one.what, "verdict": one.verdict, "detail": one.detail} for one in findings]
    say(result, [f"{one.verdict:<4}  {one.what}: {one.detail}" for one in findings], as_json=as_json)
    ctx.exit(1 if any(one.verdict == examine.FAIL for one in findings) else 0)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def backup(file: Path, *, as_json: bool) -> None:
    """Write everything into one file, while the servers run; it can be restored on SQLite and on PostgreSQL."""
    rows = backups.backup(file, now=timezone.now())
    say(
        {"file": str(file), "rows": rows},
        [f"{sum(rows.values()):,} rows are in {file}. It holds the secret key: keep it safe."],
        as_json=as_json,
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def restore(file: Path, *, as_json: bool) -> None:
    """Fill an empty installation from a backup; nothing is sent until a person resumes it."""
    restored = backups.restore(file)
    lines = [
        f"{sum(restored.rows.values()):,} rows are back.",
        f"{restored.held} campaign(s) are held: running ones are paused, scheduled ones are drafts again. Nothing is sent by itself.",
    ]
    lines += [restored.advice] if restored.advice else []
    say({"rows": restored.rows, "held": restored.held, "advice": restored.advice}, lines, as_json=as_json)
