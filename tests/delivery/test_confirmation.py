import re
from datetime import UTC, datetime

import pytest

from syndication.audience import subscribe
from syndication.audience.models import Subscription
from syndication.delivery.mailing.confirmation import plan_confirmation
from syndication.delivery.models import Delivery, Mailing
from syndication.delivery.sending import send
from syndication.delivery.states import State

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def ask(news, address="ada@example.org"):
    (pk,) = subscribe.ask(address, list_ids=[news.pk], how="form", now=datetime.now(UTC))
    return pk


def plan_and_send(subscription_id):
    mailing_id = plan_confirmation(subscription_id, now=datetime.now(UTC))
    send.send_due(mailing_id)
    return mailing_id


def test_one_click_in_the_mail_confirms(news, wire):
    pk = ask(news)
    plan_and_send(pk)
    (mail,) = wire.messages
    (link,) = set(re.findall(r"https://news\.example\.org/c/([a-z0-9]+)/", mail.message.get_body(("plain",)).get_content()))
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["List-Unsubscribe"] is None
    assert subscribe.confirm(link, how="link", now=datetime.now(UTC)).state == "confirmed"


def test_readers_who_ask_in_the_same_words_share_a_mailing_and_asking_again_makes_the_next_round(news, wire):
    first, second = ask(news), ask(news, "bo@example.org")
    round_one = plan_and_send(first)
    assert plan_and_send(second) == round_one
    round_two = plan_and_send(first)
    assert plan_and_send(second) == round_two
    assert round_two != round_one
    assert len(wire.messages) == 4
    assert Mailing.objects.count() == 2


def test_a_wish_that_still_waits_is_not_doubled(news, wire):
    pk = ask(news)
    now = datetime.now(UTC)
    assert plan_confirmation(pk, now=now) == plan_confirmation(pk, now=now)
    assert Delivery.objects.count() == 1


def test_who_confirmed_meanwhile_gets_no_mail(news, wire):
    pk = ask(news)
    mailing_id = plan_confirmation(pk, now=datetime.now(UTC))
    Subscription.objects.filter(pk=pk).update(state="confirmed")
    send.send_due(mailing_id)
    assert wire.messages == []
    assert Delivery.objects.get().state == State.SKIPPED
    assert plan_confirmation(pk, now=datetime.now(UTC)) is None


def test_a_name_that_a_stranger_typed_is_not_in_the_mail(news, wire):
    pk = ask(news)
    Subscription.objects.get(pk=pk).subscriber.__class__.objects.update(name="Buy pills at example.com")
    plan_and_send(pk)
    assert b"pills" not in wire.messages[0].content
