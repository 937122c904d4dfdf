from datetime import UTC, datetime, timedelta

import pytest

from syndication.articles.models import Publication
from syndication.audience import subscribe
from syndication.audience.addresses import NotAnAddress
from syndication.audience.erase import erase
from syndication.audience.importing import Plan, import_rows
from syndication.audience.lists import create_list, list_named
from syndication.audience.models import ConsentRecord, Subscriber, Subscription
from syndication.audience.self_service import leave
from syndication.audience.staff.exporting import Filter, export_rows
from syndication.audience.subscribe import Person
from syndication.audience.suppression.suppress import suppress
from syndication.audience.table.rows import Row
from syndication.errors import BadInput, NotFound, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
S = Subscription.State


@pytest.fixture
def publication():
    return Publication.objects.create(slug="weekly", name="Weekly", sender_address="e@weekly.example.org", mail_domain="weekly.example.org")


@pytest.fixture
def news(publication):
    return create_list("news", publication=publication)


def add(to, address="ada@example.org", *, confirmed=True, now=NOW):
    return subscribe.add(Person(address), to=to, confirmed=confirmed, how="staff", now=now)


def state_of(address, to):
    return Subscription.objects.get(subscriber__address=address, list=to).state


def imported(to, *addresses, confirmed=True, dry_run=False):
    found = [Row(number, address) for number, address in enumerate(addresses, start=2)]
    return import_rows(found, Plan(to=to, confirmed=confirmed, dry_run=dry_run, now=NOW))


def confirm_link(subscription, at=NOW):
    return subscribe.confirmation_token(subscription.subscriber_id, subscription.list_id, at)


# ---------------------------------------------------------------- by the reader


def test_asking_confirms_nobody_and_the_link_confirms_once(news):
    (pk,) = subscribe.ask("Ada@Example.org", list_ids=[news.pk], how="form", now=NOW)
    subscription = Subscription.objects.get(pk=pk)
    assert subscription.state == S.PENDING
    link = confirm_link(subscription)
    assert subscribe.pending(link, now=NOW).state == S.PENDING
    assert subscribe.confirm(link, how="link", now=NOW).state == S.CONFIRMED
    subscribe.confirm(link, how="link", now=NOW)
    assert [record.state for record in subscription.consent.order_by("pk")] == [S.PENDING, S.CONFIRMED]


def test_a_confirmed_reader_who_asks_again_needs_no_mail(news):
    add(news)
    assert subscribe.ask("ada@example.org", list_ids=[news.pk], how="form", now=NOW) == []


def test_the_fourth_request_of_a_day_sends_no_mail(news):
    asked = [subscribe.ask("ada@example.org", list_ids=[news.pk], how="form", now=NOW + timedelta(minutes=n)) for n in range(5)]
    assert [len(ids) for ids in asked] == [1, 1, 1, 0, 0]
    assert len(subscribe.ask("ada@example.org", list_ids=[news.pk], how="form", now=NOW + timedelta(days=2))) == 1


def test_a_private_list_cannot_be_joined_by_its_id(publication):
    secret = create_list("board", publication=publication, is_public=False)
    assert subscribe.ask("ada@example.org", list_ids=[secret.pk], how="form", now=NOW) == []
    assert not Subscription.objects.exists()


def test_a_suppressed_address_that_asks_gets_no_mail(news):
    suppress("ada@example.org", reason="complained")
    assert subscribe.ask("ada@example.org", list_ids=[news.pk], how="form", now=NOW) == []


def test_a_confirmation_link_dies_after_a_week(news):
    (pk,) = subscribe.ask("ada@example.org", list_ids=[news.pk], how="form", now=NOW)
    link = confirm_link(Subscription.objects.get(pk=pk))
    assert subscribe.confirm(link, how="link", now=NOW + timedelta(days=8)) is None
    assert state_of("ada@example.org", news) == S.PENDING


def test_an_old_confirmation_link_does_not_undo_a_newer_no(news):
    subscription = add(news)
    link = confirm_link(subscription)
    leave.unsubscribe(leave.unsubscribe_token(subscription.subscriber_id, news.pk), how="link", now=NOW + timedelta(hours=1))
    assert subscribe.confirm(link, how="link", now=NOW + timedelta(hours=2)) is None
    assert state_of("ada@example.org", news) == S.UNSUBSCRIBED


def test_leaving_works_again_and_again_and_can_be_undone(news):
    subscription = add(news)
    token = leave.unsubscribe_token(subscription.subscriber_id, news.pk)
    assert leave.subscription_of(token).address_hint == "a…@example.org"
    for _ in range(2):
        assert leave.unsubscribe(token, how="one-click", now=NOW).state == S.UNSUBSCRIBED
    assert leave.undo(token, now=NOW).state == S.CONFIRMED
    assert list(subscription.consent.order_by("pk").values_list("how", flat=True)) == ["staff", "one-click", "undo"]


def test_undoing_does_not_confirm_who_never_confirmed(news):
    subscription = add(news, confirmed=False)
    token = leave.unsubscribe_token(subscription.subscriber_id, news.pk)
    leave.unsubscribe(token, how="link", now=NOW)
    assert leave.undo(token, now=NOW).state == S.UNSUBSCRIBED


def test_a_link_for_one_list_or_purpose_opens_no_other(news, publication):
    other = create_list("other", publication=publication)
    one, two = add(news), add(other)
    leave.unsubscribe(leave.unsubscribe_token(one.subscriber_id, news.pk), how="link", now=NOW)
    assert Subscription.objects.get(pk=two.pk).state == S.CONFIRMED
    assert leave.subscription_of(confirm_link(two)) is None
    assert subscribe.pending(leave.unsubscribe_token(two.subscriber_id, other.pk), now=NOW) is None


# ---------------------------------------------------------------- by staff and imports


def test_neither_staff_nor_an_import_brings_back_who_left(news):
    subscription = add(news)
    leave.unsubscribe(leave.unsubscribe_token(subscription.subscriber_id, news.pk), how="link", now=NOW)
    add(news)
    counts = imported(news, "ada@example.org")
    assert "only the reader can come back" in counts.refused[0]["why"]
    assert state_of("ada@example.org", news) == S.UNSUBSCRIBED


def test_an_import_counts_new_updated_unchanged_and_refused_rows_exactly(news):
    add(news, "old@example.org")
    add(news, "pending@example.org", confirmed=False)
    suppress("no@example.org", reason="bounced")
    counts = imported(news, "new@example.org", "old@example.org", "pending@example.org", "NEW@example.org", "wrong", "no@example.org")
    assert (counts.new, counts.updated, counts.unchanged) == (1, 1, 1)
    assert [(refusal["line"], refusal["why"][:20]) for refusal in counts.refused] == [
        (5, "the same address as "),
        (6, "'wrong' is not an em"),
        (7, "suppressed (bounced)"),
    ]


def test_importing_the_same_table_twice_changes_nothing(news):
    imported(news, *(f"r{n}@example.org" for n in range(1200)))
    again = imported(news, *(f"r{n}@example.org" for n in range(1200)))
    assert (again.new, again.updated, again.unchanged, again.refused) == (0, 0, 1200, [])
    assert ConsentRecord.objects.count() == 1200


def test_a_dry_run_counts_the_same_and_changes_nothing(news):
    counts = imported(news, *(f"r{n}@example.org" for n in range(700)), dry_run=True)
    assert counts.new == 700
    assert not Subscriber.objects.exists()


def test_rows_that_are_not_confirmed_are_pending(news):
    imported(news, "ada@example.org", confirmed=False)
    assert state_of("ada@example.org", news) == S.PENDING


def test_an_export_is_complete_and_harmless_in_a_spreadsheet(news):
    import_rows(
        [Row(2, "ada@example.org", "=HYPERLINK(1)", attributes={"b": 2, "a": "ä"})], Plan(news, confirmed=True, dry_run=False, now=NOW)
    )
    header, line = export_rows(Filter(list_id=news.pk))
    assert header.startswith("email,name,")
    assert line.startswith("ada@example.org,'=HYPERLINK(1),,,weekly,news,confirmed,each,,2026-11-24T09:00:00Z,,")
    assert '""a"": ""ä""' in line
    assert '""how"": ""import""' in line


# ---------------------------------------------------------------- erasing and suppressing


def test_erasing_leaves_no_address_and_a_suppression_that_survives_a_new_import(news):
    subscription = add(news)
    assert erase("ada@example.org", now=NOW).subscriptions == 1
    left = Subscriber.objects.get(pk=subscription.subscriber_id)
    assert "ada" not in f"{left.address}{left.name}{left.attributes}"
    counts = imported(news, "ada@example.org")
    assert "suppressed (erased)" in counts.refused[0]["why"]
    assert leave.subscription_of(leave.unsubscribe_token(left.pk, news.pk)) is None


def test_erasing_an_unknown_address_says_so():
    with pytest.raises(NotFound, match="nothing was erased"):
        erase("nobody@example.org", now=NOW)


def test_an_unknown_reason_and_a_wrong_address_are_refused():
    with pytest.raises(BadInput, match="no reason"):
        suppress("ada@example.org", reason="because")
    with pytest.raises(NotAnAddress):
        suppress("ada", reason="staff")


# ---------------------------------------------------------------- lists


def test_a_list_is_made_once(publication, news):
    with pytest.raises(Refused, match="exists already"):
        create_list("news", publication=publication)


@pytest.mark.parametrize("slug", ["", "News", "a b", "a--b", "-a", "x" * 81, "ü", "a/b"])
def test_a_slug_that_cannot_stand_in_a_url_is_refused(publication, slug):
    with pytest.raises(BadInput, match="cannot name a list"):
        create_list(slug, publication=publication)


def test_a_list_that_does_not_exist_offers_near_names(news):
    with pytest.raises(NotFound, match="Did you mean news"):
        list_named("newz")


def test_a_slug_in_two_publications_asks_which(news):
    other = Publication.objects.create(slug="daily", name="Daily", sender_address="e@d.example.org", mail_domain="d.example.org")
    create_list("news", publication=other)
    with pytest.raises(Refused, match="--publication"):
        list_named("news")
    assert list_named("news", other).publication == other
