"""The commands about campaigns."""

import getpass
import json
from dataclasses import asdict
from typing import Any

import click
from django.utils import timezone

from syndication.articles.find import article_named
from syndication.audience.lists import list_named
from syndication.audience.staff.find import subscriber_named
from syndication.campaigns import control
from syndication.campaigns.create import Wish, create
from syndication.campaigns.explain import explain
from syndication.campaigns.models import Campaign
from syndication.campaigns.status import Status, deliveries, troubles, verify
from syndication.campaigns.status import status as status_of
from syndication.cli.output import json_option, publication_option, say
from syndication.cli.which import chosen_publication
from syndication.queue import ring

TICK = "syndication.tasks.tick"


@click.group()
def campaign() -> None:
    """What is sent, to whom and when."""


@campaign.command(name="create")
@click.option("--article", "article_slug", required=True, metavar="SLUG")
@click.option("--list", "list_slug", required=True, metavar="SLUG")
@publication_option
@click.option("--subject", default="", help="The article's title when left out; merge fields work.")
@click.option("--at", default="", metavar="TIME", help="2026-12-01T09:00; a draft when left out.")
@click.option("--zone", default="", metavar="ZONE", help="An IANA name such as Europe/Berlin; the publication's when left out.")
@json_option
def campaign_create(article_slug: str, list_slug: str, publication: str | None, *, as_json: bool, **when: str) -> None:
    """Plan a send: a draft, or scheduled with --at."""
    inside = chosen_publication(publication) if publication else None
    to = list_named(list_slug, inside)
    wish = Wish(article_named(article_slug, inside or to.publication), to, when["subject"], when["at"], when["zone"])
    made = create(wish, now=timezone.now())
    one = made.campaign
    starts = f"{one.starts_at:%Y-%m-%d %H:%M} UTC" if one.starts_at else None
    result = {"id": one.pk, "state": one.state, "starts_at": one.starts_at.isoformat() if one.starts_at else None, "remark": made.remark}
    lines = [f"Campaign {one.pk} is {one.state}" + (f" for {one.wall_time} {one.zone} ({starts})." if starts else ".")]
    lines += [made.remark] if made.remark else []
    lines += [] if starts else [f"`syndication campaign start {one.pk}` sends it."]
    say(result, lines, as_json=as_json)


@campaign.command(name="list")
@json_option
def campaign_list(*, as_json: bool) -> None:
    """Show all campaigns, newest first."""
    found = Campaign.objects.select_related("article").order_by("-pk")[:200]
    result = [{"id": one.pk, "state": one.state, "article": one.article.slug, "subject": one.subject or one.article.title} for one in found]
    say(result, [f"{row['id']:>4}  {row['state']:<10} {row['subject']}" for row in result] or ["No campaign yet."], as_json=as_json)


@campaign.command(name="start")
@click.argument("campaign_id", type=int)
@json_option
def campaign_start(campaign_id: int, *, as_json: bool) -> None:
    """Send now; a second call starts nothing."""
    mailing_id = control.start(campaign_id, now=timezone.now())
    ring("syndication.tasks.plan_mailing", mailing_id)  # the tick would do it too, up to two seconds later
    _ring_and_say(campaign_id, "is running", as_json=as_json)


@campaign.command(name="pause")
@click.argument("campaign_id", type=int)
@json_option
def campaign_pause(campaign_id: int, *, as_json: bool) -> None:
    """Stop before the next message."""
    control.pause(campaign_id)
    _ring_and_say(campaign_id, "is paused", as_json=as_json)


@campaign.command(name="resume")
@click.argument("campaign_id", type=int)
@json_option
def campaign_resume(campaign_id: int, *, as_json: bool) -> None:
    """Go on where it stopped."""
    control.resume(campaign_id)
    _ring_and_say(campaign_id, "is running again", as_json=as_json)


@campaign.command(name="cancel")
@click.argument("campaign_id", type=int)
@json_option
def campaign_cancel(campaign_id: int, *, as_json: bool) -> None:
    """End it; what is not sent yet never will be."""
    control.cancel(campaign_id, now=timezone.now())
    _ring_and_say(campaign_id, "is cancelled", as_json=as_json)


@campaign.command(name="retry-failed")
@click.argument("campaign_id", type=int)
@json_option
def campaign_retry_failed(campaign_id: int, *, as_json: bool) -> None:
    """Give failed deliveries another round (bounced ones stay)."""
    again = control.retry_failed(campaign_id, by=f"{getpass.getuser()} (command line)")
    ring(TICK)
    say({"id": campaign_id, "retried": again}, [f"{again} failed deliveries are planned again."], as_json=as_json)


@campaign.command(name="status")
@click.argument("campaign_id", type=int)
@json_option
def campaign_status(campaign_id: int, *, as_json: bool) -> None:
    """Where it stands, with a count for each delivery state."""
    found, wrong = status_of(campaign_id), troubles(campaign_id)
    lines = [*_about(found), *(f"  {one.state}: {one.address}  {one.code or ''} {one.reply}".rstrip() for one in wrong)]
    if found.deliveries["held"]:
        lines.append("  held: a sender died at the wire or the server fell silent, so nobody can know; they are never sent twice.")
        lines.append(f"  `syndication campaign settle-held {campaign_id} --as delivered` (or `--as planned`: send again) ends that.")
    say({**found.as_json(), "troubles": [asdict(one) for one in wrong]}, lines, as_json=as_json)


@campaign.command(name="verify")
@click.argument("campaign_id", type=int)
@json_option
@click.pass_context
def campaign_verify(ctx: click.Context, campaign_id: int, *, as_json: bool) -> None:
    """Prove from the rows that the sums agree; exit code 0 only then."""
    verdict = verify(campaign_id)
    result: dict[str, Any] = {"id": campaign_id, "agrees": verdict.agrees, "checks": verdict.lines}
    say(result, [*verdict.lines, "The sums agree." if verdict.agrees else "The sums do NOT agree."], as_json=as_json)
    ctx.exit(0 if verdict.agrees else 1)


@campaign.command(name="explain")
@click.argument("address")
@click.option("--campaign", "campaign_id", type=int, help="Only this campaign; all of the reader's when left out.")
@json_option
def campaign_explain(address: str, campaign_id: int | None, *, as_json: bool) -> None:
    """Tell one reader's story: why in, why skipped, each attempt with its time and reply."""
    told = explain(address, campaign_id=campaign_id)
    lines = [line for one in told for line in one.lines()]
    say([one.as_json() for one in told], lines, as_json=as_json)


@campaign.command(name="deliveries")
@click.argument("campaign_id", type=int)
@json_option
def campaign_deliveries(campaign_id: int, *, as_json: bool) -> None:
    """List every reader with state, attempts and reply; with --json one object a line."""
    for one in deliveries(campaign_id):
        click.echo(json.dumps(asdict(one)) if as_json else f"{one.state:<12} {one.address}  {one.code or ''} {one.reply}".rstrip())


@campaign.command(name="settle-held")
@click.argument("campaign_id", type=int)
@click.option("--as", "word", required=True, type=click.Choice(["delivered", "planned"]), help="They were taken, or: send them (again).")
@click.option("--address", "addresses", multiple=True, help="Only this reader; may be given again. All that are held when left out.")
@json_option
def campaign_settle_held(campaign_id: int, word: str, addresses: tuple[str, ...], *, as_json: bool) -> None:
    """Decide about held deliveries, of which nobody knows whether the server took them."""
    only = {subscriber_named(address).pk for address in addresses} or None
    by = f"{getpass.getuser()} (command line)"
    count = control.settle_held(campaign_id, as_delivered=word == "delivered", by=by, only=only)
    ring(TICK)
    say({"id": campaign_id, "settled": count, "as": word}, [f"{count} held deliveries are now {word}."], as_json=as_json)


def _ring_and_say(campaign_id: int, what: str, *, as_json: bool) -> None:
    ring(TICK)
    found = status_of(campaign_id)
    say(found.as_json(), [f"Campaign {campaign_id} {what}.", *_about(found)[1:]], as_json=as_json)


def _about(found: Status) -> list[str]:
    counts = ", ".join(f"{rows} {word}" for word, rows in found.deliveries.items() if rows)
    lines = [f"Campaign {found.id} ({found.subject}) is {found.state}."]
    if found.audience is not None:
        lines.append(f"{found.settled} of {found.audience} settled: {counts or 'no rows'}.")
    lines += [f"Waits: {found.waits_because}"] if found.waits_because else []
    return [*lines, found.problem] if found.problem else lines
