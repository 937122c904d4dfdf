"""From a kept wish to its mail: in groups, once, with nothing of a stranger in it, whatever dies in between."""

from datetime import UTC, datetime

import pytest
from lxml import html as lxml_html
from support.publications import make_list, make_publication

from syndication.audience.models import ConsentRecord, SignUp, Subscriber, SubscriberList, Subscription
from syndication.audience.signup.take import MOST_FAILURES
from syndication.delivery.mailing import confirmation
from syndication.delivery.mailing.freeze import freeze_confirmation
from syndication.delivery.models import Batch, Delivery, Mailing
from syndication.delivery.sending import send

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def weekly():
    return make_list(make_publication())


def keep(weekly, address, *, at=NOW, lists=None, publication=None):
    return SignUp.objects.create(
        publication=publication or weekly.publication, address=address, lists=lists or [weekly.pk], how="form", asked_at=at
    )


def take_and_send():
    for mailing_id in confirmation.plan_sign_ups().mailing_ids:
        send.send_due(mailing_id)


def test_many_wishes_in_the_same_words_share_a_mailing_and_few_batches(weekly, wire):
    for number in range(60):
        keep(weekly, f"r{number}@example.org", at=NOW.replace(microsecond=number))
    take_and_send()
    assert sorted(mail.message["To"] for mail in wire.messages) == sorted(f"r{number}@example.org" for number in range(60))
    assert Mailing.objects.count() == 1
    assert Batch.objects.count() <= 4
    assert not SignUp.objects.exists()


def test_batches_of_a_mailing_never_overlap_and_who_stands_between_gets_the_next_round(weekly):
    between = [Subscriber.objects.create(address=f"s{n}@example.org", address_hash=f"{n:064x}") for n in range(3)]
    ids = [one.pk for one in between]
    subscriptions = [Subscription.objects.create(subscriber=one, list=weekly, state="pending", changed_at=NOW).pk for one in between]
    first = confirmation.plan_confirmations([[subscriptions[0]], [subscriptions[2]]], now=NOW)
    second = confirmation.plan_confirmations([[subscriptions[1]]], now=NOW)
    assert len(first) == len(second) == 1
    assert first != second
    assert list(Batch.objects.order_by("pk").values_list("low", "high", "rows")) == [(ids[0], ids[2], 2), (ids[1], ids[1], 1)]


def test_lists_chosen_together_are_named_in_one_mail(weekly, wire):
    monthly = make_list(weekly.publication, "monthly")
    keep(weekly, "ada@example.org", lists=[weekly.pk, monthly.pk])
    take_and_send()
    (mail,) = wire.messages
    assert mail.message["Subject"] == "Please confirm: Weekly and Monthly"
    assert "Weekly and Monthly" in mail.message.get_body(("html",)).get_content()


def test_a_wish_for_more_lists_is_not_swallowed_by_a_mail_that_waits_with_other_words(weekly):
    monthly = make_list(weekly.publication, "monthly")
    keep(weekly, "ada@example.org")
    confirmation.plan_sign_ups()
    keep(weekly, "ada@example.org", lists=[weekly.pk, monthly.pk], at=NOW.replace(minute=1))
    confirmation.plan_sign_ups()
    assert Delivery.objects.count() == 2


@pytest.mark.parametrize(
    "hostile", ["Buy pills at evil.example", "{{ confirm_url }}", "<a href='https://evil.example'>x</a>", "a\r\nBcc: all@evil.example"]
)
def test_nothing_that_a_stranger_can_type_is_in_the_mail(weekly, wire, hostile):
    keep(weekly, "ada@example.org")
    confirmation.plan_sign_ups()
    Subscriber.objects.update(name=hostile, attributes={"first_name": hostile}, locale="en")
    send.send_due(Mailing.objects.get().pk)
    (mail,) = wire.messages
    decoded = str(mail.message["Subject"]) + "".join(part.get_content() for part in mail.message.walk() if not part.is_multipart())
    assert "evil" not in decoded
    assert "pills" not in decoded
    assert mail.message["To"] == "ada@example.org"
    assert mail.message["Bcc"] is None


def test_one_wish_that_cannot_be_taken_does_not_hold_the_others_and_is_left_to_a_person_in_the_end(weekly, caplog):
    keep(weekly, "no address at all")
    keep(weekly, "ada@example.org")
    for _ in range(MOST_FAILURES + 2):
        confirmation.plan_sign_ups()
    assert [(one.address, one.failures) for one in SignUp.objects.all()] == [("no address at all", MOST_FAILURES)]
    assert Delivery.objects.count() == 1
    assert not confirmation.sign_ups_wait()


def test_a_list_with_a_hostile_name_is_quoted(weekly):
    SubscriberList.objects.update(name='"><img src=x> {{ 7*7 }}')
    frozen = freeze_confirmation(SubscriberList.objects.get())
    assert not lxml_html.fromstring(frozen.templates.html).xpath("//img")
    assert "49" not in frozen.templates.subject


# ------------------------------------------------------------------ at the same moment
@pytest.mark.django_db(transaction=True)
def test_a_crash_before_the_mail_is_planned_leaves_the_wish(weekly, settings, tmp_path):
    keep(weekly, "ada@example.org")
    settings.TEMPLATES_DIR = tmp_path  # no mail can be made
    with pytest.raises(Exception):  # noqa: B017  # whatever it is, the transaction must undo all
        confirmation.plan_sign_ups()
    assert SignUp.objects.count() == 1
    assert not ConsentRecord.objects.exists()


FOUR_WORKERS = """
import json
from datetime import UTC, datetime
from support.at_once import at_once
from support.publications import make_list, make_publication
from syndication.audience.models import ConsentRecord, SignUp
from syndication.delivery.mailing import confirmation
from syndication.delivery.models import Delivery

weekly = make_list(make_publication())
for number in range(12):
    for address in ("ada@example.org", f"r{number}@example.org"):
        SignUp.objects.create(
            publication=weekly.publication, address=address, lists=[weekly.pk], how="form",
            asked_at=datetime(2026, 11, 24, 9, 0, 0, number, tzinfo=UTC),
        )
at_once(*[confirmation.plan_sign_ups] * 4)
confirmation.plan_sign_ups()
print(json.dumps({
    "waiting": SignUp.objects.count(),
    "to ada": ConsentRecord.objects.filter(subscription__subscriber__address="ada@example.org").count(),
    "to others": Delivery.objects.exclude(subscriber__address="ada@example.org").count(),
}))
"""


@pytest.mark.processes
def test_workers_that_take_at_once_keep_to_the_budget_and_send_each_wish_once(live_home):
    assert live_home.told(FOUR_WORKERS) == {"waiting": 0, "to ada": 3, "to others": 12}
