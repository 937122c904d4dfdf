"""Polls become rows by day, document and program, on both databases, and a report."""

from datetime import UTC, datetime, timedelta

import pytest
from support.publications import make_publication

from syndication.feeds.polls import keep
from syndication.feeds.polls.agents import OTHER
from syndication.feeds.polls.counting import Seen, Tally
from syndication.feeds.polls.models import FeedPoll
from syndication.feeds.polls.report import report

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FEEDLY = "Feedly/1.0 (poller; 131 subscribers)"
RSS = "field-notes/rss.xml"


def counts(**agents):
    return {Seen(RSS, agent, 200): Tally(polls, polls * 100) for agent, polls in agents.items()}


def test_a_day_has_a_row_for_each_document_and_program():
    make_publication()
    keep.add({Seen(RSS, FEEDLY, 200): Tally(2, 900), Seen(RSS, FEEDLY, 304): Tally(7, 0)}, now=NOON)
    keep.add({Seen(RSS, FEEDLY, 226): Tally(1, 50), Seen(RSS, "curl/8", 200): Tally(1, 450)}, now=NOON + timedelta(hours=1))
    rows = FeedPoll.objects.order_by("reader").values_list(
        "reader", "polls", "unchanged", "deltas", "bytes_sent", "subscribers", "last_seen_at"
    )
    later = NOON + timedelta(hours=1)
    assert list(rows) == [("Feedly", 10, 7, 1, 950, 131, later), ("curl", 1, 0, 0, 450, None, later)]


def test_another_day_has_another_row():
    make_publication()
    for day in range(3):
        keep.add(counts(curl=1), now=NOON + timedelta(days=day))
    assert FeedPoll.objects.count() == 3
    assert keep.forget(NOON + timedelta(days=401)) == 1


def test_archives_of_a_feed_are_counted_as_one():
    make_publication()
    seen = {Seen(f"field-notes/tags/walks/archive/{number}/rss.xml", "curl/8", 200): Tally(1, 1) for number in range(50)}
    keep.add(seen, now=NOON)
    assert list(FeedPoll.objects.values_list("feed", "polls")) == [("tags/walks/archive/rss.xml", 50)]


def test_polls_of_what_is_no_publication_are_dropped():
    keep.add({Seen("nobody/rss.xml", "curl/8", 200): Tally(1, 1), Seen("", "", 200): Tally(9, 9)}, now=NOON)
    assert not FeedPoll.objects.exists()


def test_a_day_holds_a_bounded_number_of_unknown_names():
    make_publication()
    for start in (0, 150):
        names = [f"Invented{number}" for number in range(start, start + 150)]
        keep.add(counts(**dict.fromkeys(names, 1)) | counts(Feedly=1), now=NOON)
    assert FeedPoll.objects.count() == keep.STRANGERS_PER_DAY + 2
    assert FeedPoll.objects.get(reader=OTHER).polls == 300 - keep.STRANGERS_PER_DAY


def test_the_largest_number_of_subscribers_of_a_day_counts():
    make_publication()
    for number in (5, 9, 7):
        keep.add({Seen(RSS, f"Feedly/1.0 ({number} subscribers)", 200): Tally(1, 1)}, now=NOON)
    keep.add({Seen(RSS, "Feedly/1.0", 200): Tally(1, 1)}, now=NOON)
    assert FeedPoll.objects.get().subscribers == 9


def test_the_report_tells_each_program_and_all_together():
    publication = make_publication()
    other = make_publication("other-notes")
    for day, said in ((0, 100), (1, 131)):
        agent = f"Feedly/1.0 ({said} subscribers)"
        seen = {
            Seen(RSS, agent, 304): Tally(3, 0),
            Seen(RSS, agent, 200): Tally(1, 500),
            Seen("field-notes/tags/walks/rss.xml", "Feedly/1.0 (9 subscribers)", 304): Tally(1, 0),
            Seen(RSS, "Newsboat/2.21", 226): Tally(1, 50),
            Seen("other-notes/rss.xml", "curl/8", 200): Tally(1, 1),
        }
        keep.add(seen, now=NOON + timedelta(days=day))
    found = report(publication.pk, 7, now=NOON + timedelta(days=1))
    feedly, newsboat = found.readers
    assert (feedly.name, feedly.polls, feedly.unchanged, feedly.subscribers, feedly.bytes_sent) == ("Feedly", 10, 8, 140, 1_000)
    assert feedly.unchanged_share == 0.8
    assert (newsboat.name, newsboat.deltas, newsboat.subscribers) == ("Newsboat", 2, None)
    assert (found.total.polls, found.total.subscribers, found.total.last_seen_at) == (12, 140, NOON + timedelta(days=1))
    assert report(publication.pk, 1, now=NOON + timedelta(days=1)).total.polls == 6
    assert report(other.pk, 1, now=NOON + timedelta(days=9)).total.polls == 0
