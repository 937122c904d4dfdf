"""The commands about lists and readers."""

from typing import Any

import click
from django.db.models import Count, Q
from django.utils import timezone

from syndication.audience.lists import create_list
from syndication.audience.models import SubscriberList, Subscription
from syndication.cli.output import json_option, publication_option, say
from syndication.cli.which import chosen_publication
from syndication.delivery.ledger.forget import erase_reader

SAMPLE = 16 * 1024  # bytes looked at to find encoding and delimiter
SHOWN_REFUSALS = 20


@click.group(name="list")
def lists() -> None:
    """What one subscribes to inside a publication."""


@lists.command(name="create")
@click.argument("slug")
@publication_option
@click.option("--name", default="", help="As readers see it; made from the slug when left out.")
@click.option("--private", "is_private", is_flag=True, help="Cannot be joined from the public page.")
@json_option
def list_create(slug: str, publication: str | None, name: str, *, is_private: bool, as_json: bool) -> None:
    """Make a list."""
    made = create_list(slug, publication=chosen_publication(publication, make=True), name=name, is_public=not is_private)
    result = {"slug": made.slug, "name": made.name, "publication": made.publication.slug}
    who = "anybody can join it on the public page (--private closes that)" if made.is_public else "private"
    say(result, [f"Made the list {made.slug!r} ({made.name}) in {made.publication.slug!r}; {who}."], as_json=as_json)


@lists.command(name="list")
@publication_option
@json_option
def list_list(publication: str | None, *, as_json: bool) -> None:
    """Show all lists with their readers."""
    found = SubscriberList.objects.select_related("publication").order_by("publication__slug", "slug")
    if publication:
        found = found.filter(publication=chosen_publication(publication))
    confirmed = Count("subscriptions", filter=Q(subscriptions__state=Subscription.State.CONFIRMED))
    result = [
        {"slug": one.slug, "name": one.name, "publication": one.publication.slug, "confirmed": getattr(one, "confirmed", 0)}
        for one in found.annotate(confirmed=confirmed)
    ]
    say(
        result, [f"{row['publication']}/{row['slug']}: {row['confirmed']} confirmed" for row in result] or ["No list yet."], as_json=as_json
    )


@click.group()
def subscribers() -> None:
    """The people who read."""


@subscribers.command(name="erase")
@click.argument("address")
@json_option
def subscribers_erase(address: str, *, as_json: bool) -> None:
    """Forget a person; a keyed hash stays so that nobody mails them again."""
    erased = erase_reader(address, now=timezone.now())
    result: dict[str, Any] = {"erased": True, "subscriptions": erased.subscriptions}
    say(result, [f"Erased; {erased.subscriptions} subscription(s) ended, and the address is suppressed everywhere."], as_json=as_json)
