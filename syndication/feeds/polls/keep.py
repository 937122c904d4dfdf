"""Adds what a web process counted to the rows of the day."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from syndication.articles.models import Publication
from syndication.feeds.polls.agents import FAMILIES, OTHER, family, subscribers
from syndication.feeds.polls.counting import Counts, Seen
from syndication.feeds.polls.models import LONGEST_FEED, FeedPoll

KEPT_FOR = timedelta(days=400)
STRANGERS_PER_DAY = 100  # names that nobody here knows, for each publication: more are counted as "(others)"
_NUMBER = re.compile(r"(?<=archive/)\d+/")

_ADD = """
    INSERT INTO syndication_feedpoll AS p
        (publication_id, day, feed, reader, polls, unchanged, deltas, bytes_sent, subscribers, last_seen_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (publication_id, day, feed, reader) DO UPDATE SET
        polls = p.polls + excluded.polls,
        unchanged = p.unchanged + excluded.unchanged,
        deltas = p.deltas + excluded.deltas,
        bytes_sent = p.bytes_sent + excluded.bytes_sent,
        subscribers = CASE WHEN excluded.subscribers IS NULL OR p.subscribers > excluded.subscribers THEN p.subscribers ELSE excluded.subscribers END,
        last_seen_at = excluded.last_seen_at"""


@dataclass(slots=True)
class _Row:
    polls: int = 0
    unchanged: int = 0
    deltas: int = 0
    bytes_sent: int = 0
    subscribers: int | None = None


def keep(counts: Counts) -> None:
    """What the thread of a web process calls: `add` with its own connection, given back afterwards."""
    close_old_connections()
    try:
        add(counts, now=timezone.now())
    finally:
        connection.close()


def add(counts: Counts, *, now: datetime) -> None:
    """Add these polls to the rows of today (UTC), in one transaction: all or none. Polls of folders that no publication has are dropped.

    The documents are those that exist, and a day holds a bounded number of names of programs that nobody knows.
    """
    slugs = {seen.path.partition("/")[0] for seen in counts}
    ids = dict(Publication.objects.filter(slug__in=slugs).values_list("slug", "pk"))
    rows = _rows(counts, ids, _strangers(set(ids.values()), now))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(_ADD, [_values(key, row, now) for key, row in sorted(rows.items(), key=lambda item: item[0])])


def forget(now: datetime) -> int:
    """Delete the rows that are older than KEPT_FOR; how many there were."""
    deleted, _ = FeedPoll.objects.filter(day__lt=(now - KEPT_FOR).date()).delete()
    return deleted


def _rows(counts: Counts, ids: dict[str, int], strangers: dict[int, set[str]]) -> dict[tuple[int, str, str], _Row]:
    rows: dict[tuple[int, str, str], _Row] = {}
    for seen, tally in counts.items():
        slug, _, rest = seen.path.partition("/")
        if slug not in ids:
            continue
        reader = _name(seen, strangers.setdefault(ids[slug], set()))
        row = rows.setdefault((ids[slug], _NUMBER.sub("", rest)[:LONGEST_FEED], reader), _Row())
        row.polls += tally.polls
        row.bytes_sent += tally.bytes_sent
        row.unchanged += tally.polls * (seen.status == HTTPStatus.NOT_MODIFIED)
        row.deltas += tally.polls * (seen.status == HTTPStatus.IM_USED)
        said = subscribers(seen.user_agent)
        if said is not None:
            row.subscribers = max(said, row.subscribers or 0)
    return rows


def _strangers(publication_ids: set[int], now: datetime) -> dict[int, set[str]]:
    """The unknown names that today's rows hold already, by publication."""
    today = FeedPoll.objects.filter(publication_id__in=publication_ids, day=now.date()).exclude(reader__in=FAMILIES)
    found: dict[int, set[str]] = {}
    for publication_id, reader in today.values_list("publication_id", "reader").distinct():
        found.setdefault(publication_id, set()).add(reader)
    return found


def _name(seen: Seen, strangers: set[str]) -> str:
    name = family(seen.user_agent)
    if name in FAMILIES or name in strangers:
        return name
    if len(strangers) >= STRANGERS_PER_DAY:
        return OTHER
    strangers.add(name)
    return name


def _values(key: tuple[int, str, str], row: _Row, now: datetime) -> tuple[Any, ...]:
    publication_id, feed, reader = key
    counted = (row.polls, row.unchanged, row.deltas, row.bytes_sent, row.subscribers)
    day, moment = connection.ops.adapt_datefield_value(now.date()), connection.ops.adapt_datetimefield_value(now)
    return (publication_id, day, feed, reader, *counted, moment)
