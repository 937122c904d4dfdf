"""A reader's private address: read by programs, closed by the person, worth as much as the subscription, and nowhere to be seen."""

import gzip
import logging
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from support.letters import make_mailing, tokens_of
from support.publications import make_article, make_list, make_publication

from syndication.audience import subscribe
from syndication.audience.models import ReaderEvent, Subscriber, Subscription
from syndication.audience.self_service import leave
from syndication.audience.suppression.suppress import suppress
from syndication.delivery.ledger.forget import erase_reader
from syndication.delivery.mailing.mailed_articles import mailed_articles
from syndication.feeds.private import address, editions
from syndication.feeds.private.models import PrivateEdition, PrivateFeed

pytestmark = [pytest.mark.django_db, pytest.mark.database]

UNSEEN = {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


@pytest.fixture(autouse=True)
def _places(settings, tmp_path, valkey_socket):
    settings.PRIVATE_FEEDS = tmp_path
    cache.clear()


@pytest.fixture
def notes():
    return make_publication()


@pytest.fixture
def weekly(notes):
    return make_list(notes)


@pytest.fixture
def mara(weekly):
    return on(weekly, "mara@example.org")


@pytest.fixture
def feed(mara, weekly):
    """The path of Mara's private feed; its documents are made."""
    make_article(weekly.publication)
    return private(mara, weekly)


def on(to, who):
    return subscribe.add(subscribe.Person(who), to=to, confirmed=True, how="staff", now=timezone.now() - timedelta(days=1))


def private(subscription, to):
    """The path of the reader's private address; made, and the documents too."""
    made = address.make(subscription.subscriber, to.publication, now=timezone.now())
    editions.edition_of(to.publication_id, address.lists_of(subscription.subscriber_id, to.publication_id), now=timezone.now())
    look(to.publication_id)
    return f"/f/{address.token_of(made)}/"


def look(publication_id):
    editions.look(publication_id, mailed_articles, now=timezone.now())


def get(path, **headers):
    return Client().get(path, headers=headers)


def is_closed(answer, status=410):
    return answer.status_code == status and answer.content == Client().get("/u/x/").content


def test_each_document_is_served_as_what_it_is_and_for_this_reader_alone(feed):
    types = {"rss.xml": "application/rss+xml", "atom.xml": "application/atom+xml", "feed.json": "application/feed+json"}
    for name, media_type in types.items():
        answer = get(feed + name)
        assert answer.status_code == 200
        assert answer["Content-Type"] == f"{media_type}; charset=utf-8"
        assert answer["Cache-Control"] == "private, max-age=600"
        assert {header: answer[header] for header in UNSEEN} == UNSEEN
        assert "Link" not in answer
        assert not answer.cookies
        assert int(answer["Content-Length"]) == len(answer.content)
    assert [one.title for one in feedparser.parse(get(feed + "atom.xml").content).entries] == ["The first walk"]


def test_a_reader_that_has_it_gets_304_by_tag_and_by_date(feed):
    first = get(feed + "rss.xml")
    for header in ({"if-none-match": first["ETag"]}, {"if-modified-since": first["Last-Modified"]}):
        again = get(feed + "rss.xml", **header)
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == first["ETag"]
        assert again["Cache-Control"] == "private, max-age=600"
    assert get(feed + "rss.xml", **{"if-none-match": '"other"', "if-modified-since": first["Last-Modified"]}).status_code == 200


def test_gzip_has_a_tag_of_its_own_and_the_same_content(feed):
    plain, packed = get(feed + "rss.xml"), get(feed + "rss.xml", **{"accept-encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert packed["ETag"] != plain["ETag"]
    assert "Accept-Encoding" in packed["Vary"]
    assert get(feed + "rss.xml", **{"accept-encoding": "gzip;q=0"}).headers.get("Content-Encoding") is None


def test_head_says_what_get_says_and_everything_else_is_refused(feed):
    head, got = Client().head(feed + "rss.xml"), get(feed + "rss.xml")
    assert (head.status_code, head["ETag"], head["Content-Length"], head.content) == (200, got["ETag"], got["Content-Length"], b"")
    assert Client().post(feed + "rss.xml").status_code == 405


def test_readers_of_the_same_lists_get_the_same_bytes_and_tag(feed, weekly):
    other = private(on(weekly, "noor@example.org"), weekly)
    assert other != feed
    assert get(other + "rss.xml").content == get(feed + "rss.xml").content
    assert get(other + "rss.xml")["ETag"] == get(feed + "rss.xml")["ETag"]
    assert PrivateEdition.objects.count() == 1


def test_the_token_is_nowhere_in_the_database_and_says_nothing_of_the_reader(feed, mara):
    token = feed.split("/")[2]
    assert len(token) >= 64
    row = repr(PrivateFeed.objects.values_list())
    assert token not in row
    assert "mara" not in bytes.fromhex(token).decode("latin-1")
    assert PrivateFeed.objects.get().key.hex != token[-32:]  # the half that opens it is no column


def test_a_row_alone_makes_no_address(feed, settings):
    settings.SECRET_KEY = "whoever has the tables only, and another key than ours"
    forged = address.token_of(PrivateFeed.objects.get())
    settings.SECRET_KEY = "the key of the tests, which opens nothing else"
    assert is_closed(get(f"/f/{forged}/rss.xml"), 404)


def test_an_address_that_never_was_ours_gets_the_neutral_page(feed):
    for path in ("/f/x/rss.xml", f"{feed[:-6]}/rss.xml", feed + "other.xml", "/f/x/", "/f/" + "0" * 66 + "/rss.xml"):
        assert is_closed(get(path), 404), path


@pytest.mark.parametrize(
    "end",
    [
        lambda mara: leave.unsubscribe(leave.unsubscribe_token(mara.subscriber_id, mara.list_id), how="link", now=timezone.now()),
        lambda _: suppress("mara@example.org", reason="complained"),
        lambda mara: suppress("mara@example.org", reason="bounced", publication=mara.list.publication),
        lambda _: erase_reader("mara@example.org", now=timezone.now()),
        lambda mara: address.close(mara.subscriber, mara.list.publication, now=timezone.now()),
        lambda mara: address.renew(mara.subscriber, mara.list.publication, now=timezone.now()),
    ],
    ids=["unsubscribed", "suppressed everywhere", "suppressed here", "erased", "closed", "renewed"],
)
def test_an_address_that_has_ended_is_gone(feed, mara, end):
    end(mara)
    assert is_closed(get(feed + "rss.xml"))


def test_erasing_leaves_no_row(feed):
    erase_reader("mara@example.org", now=timezone.now())
    assert not PrivateFeed.objects.exists()


def test_coming_back_opens_the_same_address_again(feed, mara):
    Subscription.objects.update(state="unsubscribed")
    assert is_closed(get(feed + "rss.xml"))
    Subscription.objects.update(state="confirmed")
    assert get(feed + "rss.xml").status_code == 200


def test_how_a_list_comes_opens_and_closes_nothing(feed):
    for frequency in ("feed", "each", "weekly"):
        Subscription.objects.update(frequency=frequency)
        assert get(feed + "rss.xml").status_code == 200


def test_a_list_joined_since_is_there_after_the_next_look(feed, mara, notes):
    monthly = make_list(notes, "monthly")
    make_mailing(monthly, article=make_article(notes, "letter", title="The letter", visibility="email"))
    on(monthly, "mara@example.org")
    waiting = get(feed + "rss.xml")
    assert (waiting.status_code, waiting["Retry-After"]) == (503, "10")
    look(notes.pk)
    assert {one.title for one in feedparser.parse(get(feed + "rss.xml").content).entries} == {"The letter", "The first walk"}


def test_no_name_of_the_reader_is_in_the_feed(mara, weekly, notes):
    Subscriber.objects.update(name="Mara Moss")
    make_article(notes, html="<p>Dear {{ subscriber.first_name | default('reader') }}</p>")
    body = get(private(mara, weekly) + "rss.xml").content
    assert b"Dear reader" in body
    assert b"Mara" not in body


def test_the_address_stays_out_of_the_log(feed, caplog):
    from syndication.web.secret_paths import WithoutSecrets

    kept = []
    handler = logging.Handler()
    handler.addFilter(WithoutSecrets())
    handler.emit = lambda record: kept.append(record.getMessage())
    logging.getLogger("django.request").addHandler(handler)
    try:
        Subscription.objects.update(state="unsubscribed")
        get(feed + "rss.xml")
        Subscription.objects.update(state="confirmed")
        PrivateEdition.objects.all().delete()
        get(feed + "rss.xml")
    finally:
        logging.getLogger("django.request").removeHandler(handler)
    assert kept == ["Gone: /f/…/rss.xml", "Service Unavailable: /f/…/rss.xml"]


def test_the_log_of_the_settings_has_that_filter():
    from django.conf import settings

    assert settings.LOGGING["handlers"]["stderr"]["filters"] == ["without secrets"]


def test_a_poll_costs_a_handful_of_queries(feed, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        get(feed + "rss.xml")


# ------------------------------------------------------------------ the page of the address
def test_the_page_shows_every_address_and_is_no_others_business(feed):
    page = get(feed)
    assert page.status_code == 200
    for name in ("rss.xml", "atom.xml", "feed.json"):
        assert f"https://news.example.org{feed}{name}" in page.content.decode()
    assert {header: page[header] for header in UNSEEN} == UNSEEN
    assert page["Cache-Control"] == "no-store"
    assert "mara" not in page.content.decode()


def test_reading_by_mail_again_keeps_the_address(feed):
    Subscription.objects.update(frequency="feed")
    assert Client(enforce_csrf_checks=True).post(feed, {"do": "mail"}).status_code == 302
    assert Subscription.objects.get().frequency == "each"
    assert get(feed + "rss.xml").status_code == 200


def test_closing_it_there_leaves_nobody_without_feed_and_mail(feed):
    Subscription.objects.update(frequency="feed")
    assert Client(enforce_csrf_checks=True).post(feed, {"do": "close"}).status_code == 200
    assert Subscription.objects.get().frequency == "each"
    assert is_closed(get(feed + "rss.xml"))
    assert is_closed(get(feed))


def test_whoever_found_the_address_gets_no_newer_one(feed):
    assert Client().post(feed, {"do": "renew"})["Location"] == feed
    assert get(feed + "rss.xml").status_code == 200


# ------------------------------------------------------------------ the preference centre
@pytest.fixture
def preferences(weekly, mara):
    mailing = make_mailing(weekly, "campaign:9", frozen_at=timezone.now() - timedelta(hours=1))
    return f"/p/{tokens_of(mailing, mara.subscriber_id).preferences}/"


def post(path, **form):
    return Client(enforce_csrf_checks=True).post(path, form)


def test_choosing_the_feed_makes_a_private_address_and_shows_it(preferences, notes, mara):
    answer = post(f"{preferences}lists/weekly/", do="save", frequency="feed", paused_until="")
    assert answer["Location"] == f"{preferences}?done=feed#feed"
    shown = Client().get(preferences).content.decode()
    assert address.address_of(mara.subscriber, notes) + "rss.xml" in shown
    assert PrivateEdition.objects.get().lists == [mara.list_id]
    assert ReaderEvent.objects.filter(detail="private feed made").exists()


def test_an_address_is_made_renewed_and_closed_by_buttons(preferences, notes, mara):
    assert post(f"{preferences}feed/", do="make")["Location"] == f"{preferences}?done=feed#feed"
    first = address.address_of(mara.subscriber, notes)
    post(f"{preferences}feed/", do="make")
    assert address.address_of(mara.subscriber, notes) == first
    assert post(f"{preferences}feed/", do="renew")["Location"] == f"{preferences}?done=renewed#feed"
    assert address.address_of(mara.subscriber, notes) not in {first, ""}
    post(f"{preferences}feed/", do="close")
    assert address.address_of(mara.subscriber, notes) == ""
    assert Client().get(f"{preferences}feed/")["Location"] == preferences


def test_a_reader_on_no_list_is_told_that_the_address_rests(preferences):
    post(f"{preferences}feed/", do="make")
    Subscription.objects.update(state="unsubscribed")
    assert "Your private address is closed until you join one." in Client().get(preferences).content.decode()


def test_the_copy_of_ones_data_names_the_private_address(preferences, feed):
    told = post(f"{preferences}data/").json()
    assert told["private_feeds"][0]["address"] == f"https://news.example.org{feed}"


# ------------------------------------------------------------------ on signing up
def test_a_new_reader_may_choose_the_feed_beside_the_welcome(weekly):
    [pk] = subscribe.ask("noor@example.org", list_ids=[weekly.pk], how="form", now=timezone.now())
    noor = Subscription.objects.get(pk=pk)
    token = subscribe.confirmation_token(noor.subscriber_id, weekly.pk, timezone.now())
    assert post(f"/c/{token}/feed/")["Location"] == f"/c/{token}/"  # not confirmed yet: nothing is chosen
    assert f'action="/c/{token}/feed/"' in post(f"/c/{token}/").content.decode()
    answer = post(f"/c/{token}/feed/")
    noor.refresh_from_db()
    assert (noor.frequency, noor.state) == ("feed", "confirmed")
    assert answer["Location"] == f"/f/{address.token_of(PrivateFeed.objects.get())}/"
    assert "You read Weekly by feed" in Client().get(answer["Location"]).content.decode()
    assert Client().get(f"/c/{token}/feed/")["Location"] == f"/c/{token}/"


def test_last_modified_is_the_moment_of_the_change(feed):
    said = datetime.strptime(get(feed + "rss.xml")["Last-Modified"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert said == PrivateEdition.objects.get().changed_at.replace(microsecond=0)
