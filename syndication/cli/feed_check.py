"""The command that looks at the feeds as they lie on disk now, and says what is wrong and what to do."""

from typing import Any

import click
from django.conf import settings
from django.utils import timezone

from syndication.articles.models import Publication
from syndication.cli.output import json_option, say
from syndication.cli.which import chosen_publication
from syndication.errors import BadInput
from syndication.feeds.health import FeedHealth, health_of
from syndication.feeds.hub import report as hub_report
from syndication.feeds.moves import would_be_unread
from syndication.feeds.polls import report as polls_report

DAYS = 7  # of polls that are told of


@click.command(name="check")
@click.option("--publication", metavar="SLUG", help="Only this one; all when left out.")
@click.option("--moving-to", metavar="URL", default="", help="Also say what readers would see as unread once the site is at this address.")
@json_option
@click.pass_context
def feeds_check(ctx: click.Context, publication: str | None, moving_to: str, *, as_json: bool) -> None:
    """Read every feed back as a stranger would: exit code 0 when all is well, 1 when something is wrong."""
    if moving_to and not moving_to.startswith(("https://", "http://")):
        raise BadInput(f"{moving_to!r} is no address of a site. Give one such as https://news.example.org.")
    wanted = [chosen_publication(publication)] if publication else list(Publication.objects.order_by("slug"))
    found = [_looked_at(one, moving_to.rstrip("/")) for one in wanted]
    say([as_dict for as_dict, _ in found], [line for _, lines in found for line in lines] or ["No publication yet."], as_json=as_json)
    ctx.exit(0 if all(as_dict["is_well"] for as_dict, _ in found) else 1)


def _looked_at(one: Publication, moving_to: str) -> tuple[dict[str, Any], list[str]]:
    feeds = health_of(one, now=timezone.now(), thoroughly=True)
    unread = would_be_unread(one, base_url=moving_to) if moving_to else None
    polled, told = polls_report.report(one.pk, DAYS), hub_report.report(one.pk)
    subscribers = sum(topic.subscribers for topic in told.topics)
    result = {
        "publication": one.slug,
        "is_well": all(feed.is_well for feed in feeds) and not unread,
        "feeds": [_as_json(feed) for feed in feeds],
        "polls": {
            "days": polled.days,
            "polls": polled.total.polls,
            "unchanged_share": round(polled.total.unchanged_share, 3),
            "readers": [
                {
                    "name": reader.name,
                    "polls": reader.polls,
                    "unchanged_share": round(reader.unchanged_share, 3),
                    "subscribers": reader.subscribers,
                    "last_seen_at": reader.last_seen_at.isoformat() if reader.last_seen_at else None,
                }
                for reader in polled.readers
            ],
        },
        "hub_subscribers": subscribers,
    }
    lines = [line for feed in feeds for line in _lines(one, feed)]
    lines.append(f"{one.slug}: {polled.total.polls:,} polls in {polled.days} days, {polled.total.unchanged_share:.0%} had it already (304)")
    lines += [f"  {reader.name}: {reader.polls:,} polls{_for(reader.subscribers)}" for reader in polled.readers]
    lines.append(f"{one.slug}: {subscribers:,} subscriptions at the hub")
    if unread is not None:
        result["would_be_unread"] = unread
        lines.append(f"{one.slug}: at {moving_to} {unread:,} entries would appear as unread")
    return result, lines


def _for(subscribers: int | None) -> str:
    return "" if subscribers is None else f" for {subscribers:,} readers"


def _as_json(feed: FeedHealth) -> dict[str, Any]:
    return {
        "name": feed.name,
        "url": feed.url,
        "is_well": feed.is_well,
        "entries": feed.entries,
        "bytes": feed.bytes_largest,
        "published_at": feed.published_at.isoformat() if feed.published_at else None,
        "changed_at": feed.changed_at.isoformat() if feed.changed_at else None,
        "problem": feed.problem,
        "faults": list(feed.faults),
        "remarks": list(feed.remarks),
    }


def _lines(one: Publication, feed: FeedHealth) -> list[str]:
    state = "ok  " if feed.is_well else "FAIL"
    told = [f"  {text}" for text in (feed.problem, *feed.faults, *feed.remarks) if text]
    address = feed.url.removeprefix(settings.BASE_URL)
    return [f"{state}  {one.slug}: {feed.name}, {feed.entries} entries, {feed.bytes_largest / 1024:,.0f} KB ({address})", *told]
